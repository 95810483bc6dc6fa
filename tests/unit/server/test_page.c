/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every page with benign and with poisoned words: the tags and attributes must be the same ones, in
 * the same order, so no name can become markup. And every page is sound HTML without a script run.
 */
#include <glib.h>
#include <string.h>

#include "server/report/assets.h"
#include "server/report/host_view.h"
#include "server/report/prose.h"
#include "tests/unit/server/html_shape.h"
#include "tests/unit/server/sample_report.h"

typedef GString *(*page_maker)(struct sample *sample, const struct page_frame *frame);

static struct page_frame frame_of(struct sample *sample, bool standalone)
{
	return (struct page_frame){
		.standalone = standalone,
		.generated_at_s = 1795281317,
		.user = standalone ? NULL : sample_foreign(sample, "alice"),
		.form_token = standalone ? NULL : "0123abcd",
	};
}

static GString *host_page(struct sample *sample, const struct page_frame *frame)
{
	const struct report *report = sample_report(sample);
	const struct host_origin origin = {
		.target = sample_foreign(sample, "web1"),
		.host_key = sample_foreign(sample, "ssh-ed25519 SHA256:x"),
		.engine_way = sample_foreign(sample, "dial-stdio"),
		.why = sample_foreign(sample, "ProxyJump"),
	};
	const struct host_view_input input = {
		.origin = frame->standalone ? NULL : &origin,
		.envelope = report->envelope,
		.facts = report->facts,
		.evaluation = report->evaluation,
		.benchmark = report->benchmarks[0].benchmark,
		.score = &report->benchmarks[0].score,
	};
	const struct engine_link engines[] = {
		{sample_foreign(sample, "rootful"), true},
		{sample_foreign(sample, "rootless:1000"), false},
	};
	struct host_view view;

	host_view_init(&view, &input, sample_arena(sample));
	view.freshness = frame->standalone ? FRESHNESS_CURRENT : FRESHNESS_SILENT;
	view.engines = engines;
	view.n_engines = G_N_ELEMENTS(engines);
	view.notices = report->notices;
	view.n_notices = report->n_notices;
	view.relatives = &(const struct host_relative){
		.words = "This is part of the host",
		.host_id = "h-2",
		.name = sample_foreign(sample, "node-2"),
		.way = "agent",
	};
	view.n_relatives = 1;
	return page_host(frame, &view);
}

static GString *fleet_page(struct sample *sample, const struct page_frame *frame)
{
	const struct fleet_row rows[] = {
		{.host_id = "h-1",
		 .name = sample_foreign(sample, "node-1"),
		 .docker_version = sample_foreign(sample, "27.1.1"),
		 .way = "agent",
		 .has_percent = true,
		 .percent = 71.25,
		 .coverage_percent = 98.1,
		 .critical = 1,
		 .failing = 9,
		 .last_report_s = 1795281314},
		{.host_id = "h-2",
		 .name = sample_foreign(sample, "node-2"),
		 .freshness = FRESHNESS_STALE,
		 .way = "SSH (libssh2)",
		 .looks_like_id = "h-1",
		 .looks_like = sample_foreign(sample, "node-1"),
		 .last_report_s = 1795281314},
		{.host_id = "h-3",
		 .name = sample_foreign(sample, "node-3"),
		 .way = "agent",
		 .freshness = FRESHNESS_WAITING},
	};
	const struct fleet_view view = {
		.benchmark_title = "CIS Docker Benchmark 1.6.0",
		.as_of_s = 1795281314,
		.rows = rows,
		.n_rows = G_N_ELEMENTS(rows),
		.first = 100,
		.matching = 250,
		.hosts = 300,
		.lookalikes = 1,
		.has_search = true,
		.query = sample_foreign(sample, "node"),
	};

	return page_fleet(frame, &view);
}

static GString *empty_page(struct sample *sample, const struct page_frame *frame)
{
	const struct fleet_view view = {
		.benchmark_title = "CIS Docker Benchmark 1.6.0",
		.enroll_command = sample_foreign(sample, "plimsoll token create"),
	};

	return page_fleet(frame, &view);
}

static GString *check_page(struct sample *sample, const struct page_frame *frame)
{
	const struct benchmark *benchmark = sample_report(sample)->benchmarks[0].benchmark;
	const struct check_number number = {benchmark->title, &benchmark->entries[4]};
	const struct check_page page = {benchmark->entries[4].check, &number, 1};

	return page_check(frame, &page);
}

static GString *sign_in_page(struct sample *sample, const struct page_frame *frame)
{
	return page_sign_in(frame, NULL, sample_foreign(sample, "This link was used before."));
}

static GString *link_page(struct sample *sample, const struct page_frame *frame)
{
	return page_sign_in(frame, sample_foreign(sample, "secret"), NULL);
}

static GString *message_page(struct sample *sample, const struct page_frame *frame)
{
	return page_message(frame, 404, "Not found", sample_foreign(sample, "No host of that name"),
			    sample_foreign(sample, "r-17"));
}

static const struct {
	const char *name;
	page_maker make;
	bool standalone;
} pages[] = {
	{"host", host_page, false},         {"host file", host_page, true},
	{"fleet", fleet_page, false},       {"fleet file", fleet_page, true},
	{"empty fleet", empty_page, false}, {"check", check_page, false},
	{"sign-in", sign_in_page, false},   {"sign-in by link", link_page, false},
	{"message", message_page, false},
};

static GString *make_page(guint i, bool poison)
{
	PLIMSOLL_AUTO(sample) *sample = sample_new(poison);
	const struct page_frame frame = frame_of(sample, pages[i].standalone);

	return pages[i].make(sample, &frame);
}

static void test_shape(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(pages); i++) {
		g_autoptr(GString) benign = make_page(i, false);
		g_autoptr(GString) poisoned = make_page(i, true);
		struct html_shape want;
		struct html_shape got;

		g_test_message("%s", pages[i].name);
		html_shape_read(benign->str, &want);
		html_shape_read(poisoned->str, &got);
		g_assert_cmpuint(want.tags->len, >, 100);
		g_assert_cmpstr(got.tags->str, ==, want.tags->str);
		html_shape_done(&want);
		html_shape_done(&got);
	}
}

static void test_sound(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(pages); i++) {
		g_autoptr(GString) page = make_page(i, true);
		struct html_shape shape;

		g_test_message("%s", pages[i].name);
		html_shape_read(page->str, &shape);
		html_shape_assert_sound(&shape);
		html_shape_done(&shape);
		g_assert_null(strchr(page->str, '\033'));
		g_assert_null(strstr(page->str, "\xE2\x80\xAE"));
	}
}

/* The policy allows exactly the bytes that stand in the page. */
static void assert_hash_is_allowed(const char *page, const char *element)
{
	g_autofree char *begin = g_strdup_printf("<%s>", element);
	g_autofree char *end = g_strdup_printf("</%s>", element);
	const char *from = strstr(page, begin);
	const char *to = from == NULL ? NULL : strstr(from, end);
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize size = sizeof(digest);
	g_autofree char *base64 = NULL;

	g_assert_nonnull(to);
	from += strlen(begin);
	g_checksum_update(checksum, (const guchar *)from, to - from);
	g_checksum_get_digest(checksum, digest, &size);
	base64 = g_base64_encode(digest, size);
	g_assert_nonnull(strstr(page_policy(), base64));
	g_assert_nonnull(strstr(page, base64));
}

static void test_policy(void)
{
	g_autoptr(GString) page = make_page(0, false);
	g_autoptr(GString) file = make_page(1, false);

	assert_hash_is_allowed(page->str, "style");
	assert_hash_is_allowed(page->str, "script");
	assert_hash_is_allowed(file->str, "script");
	g_assert_nonnull(strstr(page_policy(), "frame-ancestors 'none'"));
	g_assert_nonnull(strstr(file->str, "form-action &#39;none&#39;"));
	g_assert_null(strstr(page_policy(), "unsafe"));
	g_assert_cmpuint(web_report_js_size, <, 10 << 10);
}

/* A file stands alone: no address of a server, nothing to load. */
static void test_file_stands_alone(void)
{
	g_autoptr(GString) page = make_page(1, false);

	g_assert_null(strstr(page->str, "href=\"/"));
	g_assert_null(strstr(page->str, "action=\""));
	g_assert_null(strstr(page->str, "src="));
	g_assert_null(strstr(page->str, "http://"));
}

/* A host that never reported has no zero that could be read as "nothing fails". */
static void test_waiting_host(void)
{
	g_autoptr(GString) page = make_page(2, false);
	const char *row = strstr(page->str, "node-3");

	g_assert_nonnull(row);
	g_assert_nonnull(strstr(row, "waiting for the first report"));
	g_assert_null(strstr(row, ">0<"));
}

static const struct {
	const char *name;
	const char *text;
	const char *want;
} steps[] = {
	{"steps become a list", "1. Stop it.\n2. Start `it`\n   again.\n",
	 "<ol>\n<li>Stop it.</li>\n<li>Start <code>it</code> again.</li></ol>\n"},
	{"indented lines become commands", "1. Run:\n    docker ps\n    docker rm x\n2. Done.",
	 "<ol>\n<li>Run:<pre>docker ps\ndocker rm x</pre>\n</li>\n<li>Done.</li></ol>\n"},
	{"other lines become paragraphs", "One\ntwo.\n\nThree.",
	 "<p>One two.</p>\n<p>Three.</p>\n"},
	{"an odd backtick is a backtick", "a ` b", "<p>a ` b</p>\n"},
	{"a version is no step", "20.10. is old", "<p>20.10. is old</p>\n"},
	{"markup is text", "1. <b>`<i>`", "<ol>\n<li>&lt;b&gt;<code>&lt;i&gt;</code></li></ol>\n"},
	{"nothing gives nothing", NULL, ""},
};

static void test_prose(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		struct html html = {.out = out};

		g_test_message("%s", steps[i].name);
		prose_write_steps(&html, steps[i].text);
		g_assert_cmpstr(out->str, ==, steps[i].want);
	}
}

static void the_fix_is_that_of_the_engine(void)
{
	static const struct check both = {.fix = "as root", .fix_rootless = "as the user"};
	static const struct check one = {.fix = "as root"};
	Plimsoll__Engine engine = PLIMSOLL__ENGINE__INIT;
	Plimsoll__Facts facts = PLIMSOLL__FACTS__INIT;

	g_assert_cmpstr(host_view_fix(&both, NULL), ==, "as root");
	g_assert_cmpstr(host_view_fix(&both, &facts), ==, "as root");
	facts.engine = &engine;
	engine.has_rootless = true;
	engine.rootless = false;
	g_assert_cmpstr(host_view_fix(&both, &facts), ==, "as root");
	engine.rootless = true;
	g_assert_cmpstr(host_view_fix(&both, &facts), ==, "as the user");
	g_assert_cmpstr(host_view_fix(&one, &facts), ==, "as root");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/page/poison changes no tag and no attribute of any page", test_shape);
	g_test_add_func("/page/every page is sound", test_sound);
	g_test_add_func("/page/the policy allows the style and script that are there", test_policy);
	g_test_add_func("/page/a report file needs nothing but itself", test_file_stands_alone);
	g_test_add_func("/page/a host that waits shows no counts", test_waiting_host);
	g_test_add_func("/page/steps of a fix become a list", test_prose);
	g_test_add_func("/page/the-fix-is-that-of-the-engine", the_fix_is_that_of_the_engine);
	return g_test_run();
}
