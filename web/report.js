// SPDX-License-Identifier: Apache-2.0
// Filters the checks of a host page. The page is complete without it: the form stays hidden then.
(() => {
	"use strict";
	const form = document.getElementById("filter");
	const checks = Array.from(document.querySelectorAll("details.check"));
	if (!form || checks.length === 0)
		return;

	const verdict = document.getElementById("filter-verdict");
	const severity = document.getElementById("filter-severity");
	const text = document.getElementById("filter-text");
	const count = document.getElementById("filter-count");
	const haystack = new Map(checks.map((c) => [c, c.textContent.toLowerCase()]));

	function matches(check, words) {
		return (verdict.value === "" || check.dataset.verdict === verdict.value) &&
			(severity.value === "" || check.dataset.severity === severity.value) &&
			words.every((word) => haystack.get(check).includes(word));
	}

	// A group without a match would be a heading over nothing.
	function hideEmptyGroups() {
		for (const group of document.querySelectorAll("section.group"))
			group.hidden = !group.querySelector("details.check:not([hidden])");
	}

	function filter() {
		const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
		let shown = 0;
		for (const check of checks) {
			check.hidden = !matches(check, words);
			shown += check.hidden ? 0 : 1;
		}
		hideEmptyGroups();
		count.textContent = shown + " of " + checks.length + " checks";
	}

	// A link to a check opens it, also when a filter hides it.
	function openTarget() {
		const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
		if (!target)
			return;
		if (target.hidden || (target.parentElement && target.parentElement.hidden)) {
			form.reset();
			filter();
		}
		if (target.tagName === "DETAILS")
			target.open = true;
		target.scrollIntoView();
	}

	// Paper has no button to open a check.
	let closed = [];
	window.addEventListener("beforeprint", () => {
		closed = Array.from(document.querySelectorAll("details:not([open])"));
		for (const details of closed)
			details.open = true;
	});
	window.addEventListener("afterprint", () => {
		for (const details of closed)
			details.open = false;
	});

	document.getElementById("filter-open").addEventListener("click", () => {
		const shown = checks.filter((check) => !check.hidden);
		const open = shown.some((check) => !check.open);
		for (const check of shown)
			check.open = open;
	});
	form.addEventListener("submit", (event) => event.preventDefault());
	form.addEventListener("input", filter);
	form.addEventListener("reset", () => setTimeout(filter));
	window.addEventListener("hashchange", openTarget);
	form.hidden = false;
	filter();
	if (location.hash.length > 1)
		openTarget();
})();
