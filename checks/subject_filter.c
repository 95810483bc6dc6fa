/* SPDX-License-Identifier: Apache-2.0 */
/* See subject_filter.h. */
#include "checks/subject_filter.h"

#include <string.h>

#include "checks/subject.h"

G_DEFINE_QUARK(plimsoll - subject - filter - error - quark, subject_filter_error)

/* Either a glob or a regular expression. */
struct pattern {
	GPatternSpec *glob;
	GRegex *regex;
};

struct subject_filter {
	GArray *include; /* struct pattern */
	GArray *exclude;
	GStrv labels;
};

/* Labels whose values the facts have. */
static const char compose_project[] = "com.docker.compose.project";
static const char compose_service[] = "com.docker.compose.service";

/* --- making one --- */

static void clear_pattern(gpointer data)
{
	struct pattern *pattern = data;

	g_clear_pointer(&pattern->glob, g_pattern_spec_free);
	g_clear_pointer(&pattern->regex, g_regex_unref);
}

static GArray *patterns_new(void)
{
	GArray *patterns = g_array_new(FALSE, TRUE, sizeof(struct pattern));

	g_array_set_clear_func(patterns, clear_pattern);
	return patterns;
}

static bool add_patterns(GArray *patterns, const char *const *texts, bool regex, GError **error)
{
	for (guint i = 0; texts != NULL && texts[i] != NULL; i++) {
		struct pattern pattern = {0};
		g_autoptr(GError) why = NULL;

		if (regex)
			pattern.regex = g_regex_new(texts[i], G_REGEX_RAW, 0, &why);
		else
			pattern.glob = g_pattern_spec_new(texts[i]);
		if (why != NULL) {
			g_set_error(error, SUBJECT_FILTER_ERROR, 0, "cannot read pattern '%s': %s",
				    texts[i], why->message);
			return false;
		}
		g_array_append_val(patterns, pattern);
	}
	return true;
}

static bool is_compose(const char *label)
{
	size_t length = strcspn(label, "=");

	return (length == strlen(compose_project) &&
		strncmp(label, compose_project, length) == 0) ||
	       (length == strlen(compose_service) && strncmp(label, compose_service, length) == 0);
}

static bool add_labels(struct subject_filter *filter, const char *const *labels, GError **error)
{
	for (guint i = 0; labels != NULL && labels[i] != NULL; i++) {
		if (strchr(labels[i], '=') == NULL || is_compose(labels[i]))
			continue;
		g_set_error(error, SUBJECT_FILTER_ERROR, 0,
			    "label '%s': values of labels are not collected, so only a label's "
			    "name can be asked for",
			    labels[i]);
		return false;
	}
	filter->labels = labels != NULL ? g_strdupv((char **)(guintptr)labels) : g_new0(char *, 1);
	return true;
}

static bool asks(const char *const *list)
{
	return list != NULL && list[0] != NULL;
}

struct subject_filter *subject_filter_new(const struct subject_rule *rule, GError **error)
{
	PLIMSOLL_AUTO(subject_filter) *filter = NULL;

	if (!asks(rule->include) && !asks(rule->exclude) && !asks(rule->labels))
		return NULL;
	filter = g_new0(struct subject_filter, 1);
	filter->include = patterns_new();
	filter->exclude = patterns_new();
	if (!add_patterns(filter->include, rule->include, rule->regex, error) ||
	    !add_patterns(filter->exclude, rule->exclude, rule->regex, error) ||
	    !add_labels(filter, rule->labels, error))
		return NULL;
	return g_steal_pointer(&filter);
}

void subject_filter_free(struct subject_filter *filter)
{
	if (filter == NULL)
		return;
	g_array_unref(filter->include);
	g_array_unref(filter->exclude);
	g_strfreev(filter->labels);
	g_free(filter);
}

/* --- what a pattern means --- */

/* A regular expression that gives up says neither yes nor no: `in_doubt` decides. */
static bool matches(const struct pattern *pattern, const char *text, bool in_doubt)
{
	g_autoptr(GError) error = NULL;
	bool found;

	if (pattern->glob != NULL)
		return g_pattern_spec_match_string(pattern->glob, text);
	found = g_regex_match_full(pattern->regex, text, -1, 0, 0, NULL, &error);
	return error != NULL ? in_doubt : found;
}

static bool any_matches(const GArray *patterns, const char *text, bool in_doubt)
{
	for (guint i = 0; i < patterns->len; i++)
		if (matches(&g_array_index(patterns, struct pattern, i), text, in_doubt))
			return true;
	return false;
}

static bool any_name_matches(const GArray *patterns, const GPtrArray *names, bool in_doubt)
{
	for (guint i = 0; i < names->len; i++)
		if (any_matches(patterns, names->pdata[i], in_doubt))
			return true;
	return false;
}

/* No name, no verdict: it stays. */
static bool keeps_names(const struct subject_filter *filter, const GPtrArray *names)
{
	if (names->len == 0)
		return true;
	if (filter->include->len > 0 && !any_name_matches(filter->include, names, true))
		return false;
	return !any_name_matches(filter->exclude, names, false);
}

static bool has_name(char *const *names, size_t n, const char *wanted)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], wanted) == 0)
			return true;
	return false;
}

/* --- containers --- */

static bool container_has_label(const Plimsoll__Container *container, const char *label)
{
	const char *equals = strchr(label, '=');

	if (equals == NULL)
		return has_name(container->label_name, container->n_label_name, label);
	return g_strcmp0(g_str_has_prefix(label, compose_project) ? container->compose_project
								  : container->compose_service,
			 equals + 1) == 0;
}

static bool keeps_container(const struct subject_filter *filter,
			    const Plimsoll__Container *container)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	bool was_seen = container->has_inspect_status &&
			container->inspect_status == PLIMSOLL__FETCH__STATUS__OK;

	if (container->name != NULL)
		g_ptr_array_add(names, container->name);
	for (guint i = 0; was_seen && filter->labels[i] != NULL; i++)
		if (!container_has_label(container, filter->labels[i]))
			return false;
	return keeps_names(filter, names);
}

/* --- images --- */

/* "registry:5000/a/b" of "registry:5000/a/b:tag". */
static char *without_tag(const char *reference)
{
	const char *slash = strrchr(reference, '/');
	const char *colon = strchr(slash != NULL ? slash : reference, ':');

	return colon != NULL ? g_strndup(reference, (gsize)(colon - reference))
			     : g_strdup(reference);
}

static GPtrArray *image_names(const Plimsoll__Image *image)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

	for (size_t i = 0; i < image->n_repo_tag; i++) {
		g_ptr_array_add(names, g_strdup(image->repo_tag[i]));
		g_ptr_array_add(names, without_tag(image->repo_tag[i]));
	}
	for (size_t i = 0; i < image->n_repo_digest; i++)
		g_ptr_array_add(names, g_strdup(image->repo_digest[i]));
	if (image->id != NULL)
		g_ptr_array_add(names, g_strdup(image->id));
	return names;
}

static bool keeps_image(const struct subject_filter *filter, const Plimsoll__Image *image)
{
	g_autoptr(GPtrArray) names = image_names(image);
	bool was_seen =
		image->has_inspect_status && image->inspect_status == PLIMSOLL__FETCH__STATUS__OK;

	for (guint i = 0; was_seen && filter->labels[i] != NULL; i++)
		if (!has_name(image->label_name, image->n_label_name, filter->labels[i]))
			return false;
	return keeps_names(filter, names);
}

/* --- subjects --- */

guint subject_filter_containers(const struct subject_filter *filter, const Plimsoll__Facts *facts)
{
	guint n = 0;

	for (size_t i = 0; i < facts->n_container; i++)
		n += keeps_container(filter, facts->container[i]) ? 0 : 1;
	return n;
}

guint subject_filter_images(const struct subject_filter *filter, const Plimsoll__Facts *facts)
{
	guint n = 0;

	for (size_t i = 0; i < facts->n_image; i++)
		n += keeps_image(filter, facts->image[i]) ? 0 : 1;
	return n;
}

static const guint8 *container_marks(const struct subject_filter *filter,
				     const Plimsoll__Facts *facts, struct arena *arena)
{
	guint8 *marks = NULL;

	if (subject_filter_containers(filter, facts) == 0)
		return NULL;
	marks = arena_calloc(arena, facts->n_container, sizeof(*marks));
	for (size_t i = 0; i < facts->n_container; i++)
		marks[i] = !keeps_container(filter, facts->container[i]);
	return marks;
}

static const guint8 *image_marks(const struct subject_filter *filter, const Plimsoll__Facts *facts,
				 struct arena *arena)
{
	guint8 *marks = NULL;

	if (subject_filter_images(filter, facts) == 0)
		return NULL;
	marks = arena_calloc(arena, facts->n_image, sizeof(*marks));
	for (size_t i = 0; i < facts->n_image; i++)
		marks[i] = !keeps_image(filter, facts->image[i]);
	return marks;
}

const guint8 *subject_filter_marks(const struct subject_filter *filter, unsigned kind,
				   const Plimsoll__Facts *facts, struct arena *arena)
{
	if (filter == NULL)
		return NULL;
	if (kind == subject_index(subject_find("container")))
		return container_marks(filter, facts, arena);
	if (kind == subject_index(subject_find("image")))
		return image_marks(filter, facts, arena);
	return NULL;
}
