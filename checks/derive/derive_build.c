/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The build records of images for section 4: what each step shows, one row per finding, and for
 * every image and list at least one row. A record that was not seen whole never says "nothing".
 */
#include <stdlib.h>

#include "checks/derive/derive_build.h"
#include "checks/derive/derive_build_base.h"
#include "checks/derive/derive_internal.h"

/* One image with its steps, newest first. */
struct build {
	struct derivation *d;
	int64_t image; /* ordinal */
	const Plimsoll__Image *row;
	const Plimsoll__ImageHistory *const *steps;
	size_t n;
	bool is_recorded; /* one step at least has a record */
	bool is_unclear;  /* one step was not seen */
	const struct build_bases *bases;
	GRegex *telling,
		*harmless; /* names that speak of a secret, and those that do not after all */
	GHashTable *seen;  /* items of list secret */
};

static Derived__BuildVerdict *add_row(const struct build *build, const char *list,
				      const char *verdict)
{
	struct derivation *d = build->d;
	Derived__BuildVerdict *row = derive_new(d, &derived__build_verdict__descriptor);

	WIRE_SET(row, image, build->image);
	row->list = derive_constant(list);
	row->verdict = derive_constant(verdict);
	DERIVE_ADD(d, build_verdict, row);
	return row;
}

/* The image has no finding of the list: what that is worth. */
static void add_none(const struct build *build, const char *list, bool is_unclear,
		     const char *verdict, const char *observed)
{
	Derived__BuildVerdict *row = NULL;

	if (is_unclear) {
		row = add_row(build, list, "unknown");
		row->reason = derive_constant("UK|the build record was not seen whole");
		return;
	}
	row = add_row(build, list, build->is_recorded ? verdict : "manual");
	row->observed = derive_constant(build->is_recorded ? observed : "no build record");
}

/* Steps count from the first, as in the Dockerfile. */
static size_t position(const struct build *build, size_t i)
{
	return build->n - i;
}

static char *step_note(const struct build *build, size_t i)
{
	const char *base = build_bases_find(build->bases, build->row, build->n, build->n - 1 - i);

	return derive_text(build->d, "step %zu of %zu%s%s", position(build, i), build->n,
			   base != NULL ? ", from base " : "", base != NULL ? base : "");
}

static void add_finding(const struct build *build, const char *list, const char *verdict, size_t i,
			const char *observed)
{
	Derived__BuildVerdict *row = add_row(build, list, verdict);

	row->item = derive_text(build->d, "step %zu", position(build, i));
	row->observed = arena_strdup(build->d->arena, observed);
	row->note = step_note(build, i);
}

static bool is_step(const Plimsoll__ImageHistory *step,
		    Plimsoll__ImageHistory__Instruction instruction)
{
	return step->has_instruction && step->instruction == instruction;
}

/* ---- lists over RUN steps ---- */

/* gives: whether there was one. */
static bool add_runs(const struct build *build, const char *list, const char *verdict,
		     char *(*find)(const char *text))
{
	bool found = false;

	for (size_t i = 0; i < build->n; i++) {
		const Plimsoll__ImageHistory *step = build->steps[i];
		g_autofree char *observed = NULL;

		if (!is_step(step, PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__RUN) || step->text == NULL)
			continue;
		if (strcmp(list, "update") == 0 && build_run_is_cut(step->text))
			continue; /* what installs may stand behind the cut */
		observed = find(step->text);
		if (observed == NULL)
			continue;
		add_finding(build, list, verdict, i, observed);
		found = true;
	}
	return found;
}

static bool is_cut(const struct build *build)
{
	for (size_t i = 0; i < build->n; i++)
		if (is_step(build->steps[i], PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__RUN) &&
		    build->steps[i]->text != NULL && build_run_is_cut(build->steps[i]->text))
			return true;
	return false;
}

static void judge_runs(const struct build *build)
{
	if (!add_runs(build, "update", "fail", build_run_lone_update))
		add_none(build, "update", build->is_unclear || is_cut(build), "pass",
			 "no lone update");
	if (!add_runs(build, "setuid", "manual", build_run_set_id))
		add_none(build, "setuid", false, "manual", "no such chmod recorded");
	if (!add_runs(build, "package", "manual", build_run_unverified))
		add_none(build, "package", false, "manual", "no such option recorded");
}

/* ---- ADD ---- */

/* The oldest step that holds files is the base's root file system, if it is an ADD to /. */
static bool is_root_file_system(const struct build *build, size_t i)
{
	const Plimsoll__ImageHistory *step = build->steps[i];

	if (g_strcmp0(step->text, "/") != 0 || !step->has_size || step->size <= 0)
		return false;
	for (size_t older = i + 1; older < build->n; older++)
		if (!build->steps[older]->has_size || build->steps[older]->size > 0)
			return false;
	return true;
}

static void judge_add(const struct build *build)
{
	bool found = false;

	for (size_t i = 0; i < build->n; i++) {
		const char *destination = build->steps[i]->text;

		if (!is_step(build->steps[i], PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ADD) ||
		    is_root_file_system(build, i))
			continue;
		add_finding(build, "add", "manual", i,
			    destination != NULL ? derive_text(build->d, "ADD to %s", destination)
						: "ADD");
		found = true;
	}
	if (!found)
		add_none(build, "add", build->is_unclear, "pass", "no ADD");
}

/* ---- names that speak of secrets ---- */

static bool is_telling(const struct build *build, const char *name)
{
	return g_regex_match(build->telling, name, 0, NULL) &&
	       !g_regex_match(build->harmless, name, 0, NULL);
}

static void add_secret(struct build *build, const char *item, const char *observed,
		       const char *note)
{
	Derived__BuildVerdict *row = NULL;

	if (!g_hash_table_add(build->seen, g_strdup(item)))
		return;
	row = add_row(build, "secret", "manual");
	row->item = arena_strdup(build->d->arena, item);
	row->observed = arena_strdup(build->d->arena, observed);
	row->note = arena_strdup(build->d->arena, note);
}

static void add_name(struct build *build, const char *kind, const char *name, const char *observed,
		     const char *note)
{
	g_autofree char *item = NULL;

	if (name == NULL || !is_telling(build, name))
		return;
	item = g_strdup_printf("%s %s", kind, name);
	add_secret(build, item, observed, note);
}

static const char *value_text(bool is_empty)
{
	return is_empty ? "empty value" : "non-empty value";
}

/* The words `NAME=*` and `NAME=` of a step. */
static void add_assignments(struct build *build, const char *kind, size_t i)
{
	g_auto(GStrv) words = g_strsplit(build->steps[i]->text, " ", -1);
	g_autofree char *note = NULL;

	for (guint k = 0; words[k] != NULL; k++) {
		char *equals = strchr(words[k], '=');

		if (equals == NULL || (equals[1] != '\0' && strcmp(equals, "=*") != 0))
			continue;
		note = note != NULL ? note : g_strdup(step_note(build, i));
		*equals = '\0';
		add_name(build, kind, words[k], value_text(equals[1] == '\0'), note);
	}
}

static bool is_secret_file(const char *path)
{
	static const char *const names[] = {"id_rsa", "id_ecdsa", "id_ed25519",
					    ".npmrc", ".netrc",   NULL};
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	return g_strv_contains(names, name) || g_str_has_suffix(name, ".pem") ||
	       g_str_has_suffix(name, ".key") || g_str_has_suffix(path, ".docker/config.json");
}

static void add_file(struct build *build, size_t i)
{
	const char *path = build->steps[i]->text;
	g_autofree char *item = NULL;

	if (!is_secret_file(path))
		return;
	item = g_strdup_printf("file %s", path);
	add_secret(build, item, "copied into the image", step_note(build, i));
}

static void add_url(struct build *build, size_t i)
{
	g_autofree char *item = NULL;

	if (!build_run_has_userinfo(build->steps[i]->text))
		return;
	item = g_strdup_printf("step %zu", position(build, i));
	add_secret(build, item, "URL with user or password", step_note(build, i));
}

static void add_secrets_of_step(struct build *build, size_t i)
{
	const Plimsoll__ImageHistory *step = build->steps[i];

	if (step->text == NULL)
		return;
	if (is_step(step, PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ENV)) {
		add_assignments(build, "ENV", i);
	} else if (is_step(step, PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__LABEL)) {
		add_assignments(build, "LABEL", i);
	} else if (is_step(step, PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ARG)) {
		add_assignments(build, "ARG", i);
	} else if (is_step(step, PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__RUN)) {
		add_assignments(build, "ARG", i); /* those that the build gave to the step */
		add_url(build, i);
	} else if (is_step(step, PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__COPY) ||
		   is_step(step, PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ADD)) {
		add_file(build, i);
	}
}

static void judge_secrets(struct build *build)
{
	const Plimsoll__Image *image = build->row;

	for (size_t i = 0; i < image->n_env_name; i++)
		add_name(build, "ENV", image->env_name[i]->name,
			 image->env_name[i]->has_non_empty
				 ? value_text(!image->env_name[i]->non_empty)
				 : "value not looked at",
			 NULL);
	for (size_t i = 0; i < build->n; i++)
		add_secrets_of_step(build, i);
	for (size_t i = 0; i < image->n_label_name; i++)
		add_name(build, "LABEL", image->label_name[i], "value not looked at", NULL);
	if (g_hash_table_size(build->seen) == 0)
		add_row(build, "secret", "manual")->observed =
			derive_constant("no telling name found");
	g_hash_table_remove_all(build->seen);
}

/* ---- images and their steps ---- */

static bool is_seen(const Plimsoll__ImageHistory *step)
{
	return step->has_instruction && step->text != NULL;
}

/* Rows of one image stand together and in order; whatever is missing or twice makes them unclear.
 */
static void judge_image(struct build *build)
{
	build->is_recorded = false;
	for (size_t i = 0; i < build->n; i++) {
		const Plimsoll__ImageHistory *step = build->steps[i];

		build->is_unclear = build->is_unclear || !is_seen(step) || !step->has_n ||
				    step->n != (int64_t)i;
		build->is_recorded = build->is_recorded ||
				     (step->has_instruction &&
				      !is_step(step, PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__NONE));
	}
	judge_runs(build);
	judge_add(build);
	judge_secrets(build);
}

static int compare_steps(const void *a, const void *b)
{
	const Plimsoll__ImageHistory *x = *(const Plimsoll__ImageHistory *const *)a;
	const Plimsoll__ImageHistory *y = *(const Plimsoll__ImageHistory *const *)b;
	int order = g_strcmp0(x->image_id, y->image_id);

	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

static bool has_history(const Plimsoll__Image *image)
{
	return image->id != NULL && image->has_history_status &&
	       image->history_status == PLIMSOLL__FETCH__STATUS__OK;
}

/* Sorted by image and position; those of no image, which come first, are left out. */
static const Plimsoll__ImageHistory **sort_steps(struct derivation *d, size_t *ret_n,
						 bool *ret_stray)
{
	size_t n = d->facts->n_image_history;
	size_t stray = 0;
	const Plimsoll__ImageHistory **steps = arena_calloc(d->arena, n + 1, sizeof(*steps));

	for (size_t i = 0; i < n; i++)
		steps[i] = d->facts->image_history[i];
	qsort(steps, n, sizeof(*steps), compare_steps);
	while (stray < n && steps[stray]->image_id == NULL)
		stray++;
	*ret_n = n - stray;
	*ret_stray = stray > 0;
	return steps + stray;
}

/* The image's own part of the sorted steps. */
static void find_steps(const Plimsoll__ImageHistory *const *steps, size_t n, struct build *build)
{
	size_t low = 0;
	size_t high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(steps[middle]->image_id, build->row->id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	build->steps = steps + low;
	build->n = 0;
	while (low + build->n < n && strcmp(build->steps[build->n]->image_id, build->row->id) == 0)
		build->n++;
}

static void judge_all(struct build *build)
{
	const Plimsoll__Facts *facts = build->d->facts;
	size_t n = 0;
	bool stray = false;
	const Plimsoll__ImageHistory **steps = sort_steps(build->d, &n, &stray);
	PLIMSOLL_AUTO(build_bases) *bases = build_bases_new();

	for (size_t i = 0; i < facts->n_image; i++) {
		build->row = facts->image[i];
		if (!has_history(build->row))
			continue;
		find_steps(steps, n, build);
		build_bases_add(bases, build->row, build->n);
	}
	build->bases = bases;
	for (size_t i = 0; i < facts->n_image; i++) {
		build->row = facts->image[i];
		build->image = (int64_t)i;
		build->is_unclear = stray;
		if (!has_history(build->row))
			continue;
		find_steps(steps, n, build);
		judge_image(build);
	}
}

void derive_builds(struct derivation *d)
{
	static const char telling[] = "PASSW|PWD$|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|"
				      "CREDENTIAL";
	static const char harmless[] = "_(FILE|PATH|PUBLIC_KEY)$|^GPG_KEY$";
	const GRegexCompileFlags flags = (GRegexCompileFlags)(G_REGEX_CASELESS | G_REGEX_RAW);
	g_autoptr(GRegex) first = NULL;
	g_autoptr(GRegex) second = NULL;
	g_autoptr(GHashTable) seen = NULL;
	struct build build = {.d = d};

	if (d->facts->n_image == 0)
		return;
	first = g_regex_new(telling, flags, 0, NULL);
	second = g_regex_new(harmless, flags, 0, NULL);
	seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	build.telling = first;
	build.harmless = second;
	build.seen = seen;
	judge_all(&build);
}
