/* SPDX-License-Identifier: Apache-2.0 */
#include "server/cli/checks_markdown.h"

#include <string.h>

static const char head[] =
	"# Checks\n"
	"\n"
	"<!-- Written by `plimsoll checks --markdown`; a test compares the two. Do not edit. -->\n"
	"\n"
	"Every check of the catalogue: what it is called in each benchmark, the rule that decides, "
	"and where\n"
	"docker-bench-security decides otherwise, and why. A rule is an expression over the facts "
	"of "
	"a host; what\n"
	"was not seen is neither true nor false there, and makes the check unknown. `plimsoll "
	"explain "
	"CHECK` adds\n"
	"why it matters and how to mend it; `plimsoll why CHECK` shows what it rests on for one "
	"host.\n"
	"\n"
	"Mode: A passes or fails and counts in the score; O passes or asks for a look; P needs a "
	"site "
	"parameter;\n"
	"M asks for a look; N is obsolete.\n";

static const struct {
	const char *section, *title;
} sections[] = {
	{"host", "Host"},     {"daemon", "Docker daemon"},  {"files", "Files of the daemon"},
	{"images", "Images"}, {"containers", "Containers"}, {"operations", "Operations"},
	{"swarm", "Swarm"},   {"community", "Community"},   {"enterprise", "Docker Enterprise"},
};

static void add_paragraph(GString *out, const char *label, const char *text)
{
	g_autofree char *line = NULL;

	if (text == NULL)
		return;
	line = g_strdup(text);
	g_strchomp(g_strdelimit(line, "\n", ' '));
	g_string_append_printf(out, "\n%s%s\n", label, line);
}

static void add_rule(GString *out, const char *label, const char *sql)
{
	g_autofree char *text = g_strdup(sql);

	if (sql == NULL)
		return;
	g_string_append_printf(out, "\n%s\n\n```sql\n%s\n```\n", label, g_strchomp(text));
}

/* "1.6.0 5.4, 1.7.0 5.5 (form l9)" */
static void add_numbers(GString *out, const struct catalogue *catalogue, const struct check *check)
{
	guint n = 0;
	guint found = 0;
	const struct benchmark *benchmarks = catalogue_benchmarks(catalogue, &n);

	for (guint b = 0; b < n; b++) {
		for (guint i = 0; i < benchmarks[b].n_entries; i++) {
			const struct benchmark_entry *entry = &benchmarks[b].entries[i];
			const char *name = benchmarks[b].name;

			if (entry->check != check)
				continue;
			if (g_str_has_prefix(name, "cis-docker-"))
				name += strlen("cis-docker-");
			g_string_append_printf(out, "%s%s: %s", found++ == 0 ? "- " : ", ", name,
					       entry->id);
			if (entry->variant != NULL)
				g_string_append_printf(out, " (form %s)", entry->variant->name);
		}
	}
	g_string_append(out, found > 0 ? "\n" : "- in no benchmark that is loaded\n");
}

static void add_variants(GString *out, const struct check *check)
{
	for (guint i = 0; i < check->n_variants; i++) {
		const struct check_variant *variant = &check->variants[i];
		g_autofree char *applies = g_strdup_printf("Form %s applies when:", variant->name);
		g_autofree char *fail = g_strdup_printf("Form %s fails when:", variant->name);
		g_autofree char *items = g_strdup_printf("Form %s is decided by:", variant->name);

		add_rule(out, applies, variant->applies.text);
		add_rule(out, fail, variant->fail.text);
		add_rule(out, items, variant->items.text);
	}
}

static void add_check(GString *out, const struct catalogue *catalogue, const struct check *check)
{
	g_string_append_printf(out, "\n### %s\n\n%s\n\n", check->name, check->title);
	add_numbers(out, catalogue, check);
	g_string_append_printf(out, "- severity %s, mode %c, about each %s\n",
			       severity_text(check->severity), (char)check->mode, check->subject);
	add_paragraph(out, "Retired: ", check->retired);
	add_rule(out, "Applies when:", check->applies.text);
	add_rule(out, "To which:", check->where.text);
	add_rule(out, "Fails when:", check->fail.text);
	add_rule(out, "Decided by:", check->items.text);
	add_variants(out, check);
	if (check->fail.text == NULL && check->items.text == NULL && check->n_variants == 0)
		g_string_append(out, "\nA person decides.\n");
	add_paragraph(out, "**docker-bench-security:** ", check->differs);
}

char *checks_markdown(const struct catalogue *catalogue)
{
	GString *out = g_string_new(head);
	guint n = 0;
	const struct check *checks = catalogue_checks(catalogue, &n);

	for (guint s = 0; s < G_N_ELEMENTS(sections); s++) {
		g_string_append_printf(out, "\n## %s\n", sections[s].title);
		for (guint i = 0; i < n; i++) {
			if (strcmp(checks[i].section, sections[s].section) == 0)
				add_check(out, catalogue, &checks[i]);
		}
	}
	return g_string_free(out, FALSE);
}
