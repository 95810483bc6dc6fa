/* SPDX-License-Identifier: Apache-2.0 */
/* --only, --skip and --severity: which checks a word means, and how a slip is refused. */
#include <string.h>

#include "server/cli/select.h"

static const struct check checks[] = {
	{.name = "container-privileged", .section = "containers", .severity = SEVERITY_CRITICAL},
	{.name = "container-memory-limit", .section = "containers", .severity = SEVERITY_MEDIUM},
	{.name = "daemon-icc-disabled", .section = "daemon", .severity = SEVERITY_MEDIUM},
	{.name = "daemon-live-restore", .section = "daemon", .severity = SEVERITY_LOW},
	{.name = "host-hardened", .section = "host", .severity = SEVERITY_MEDIUM},
};

enum { PRIVILEGED, MEMORY, ICC, LIVE_RESTORE, HARDENED };

/* One that says levels and groups, one that says neither and numbers otherwise. */
static const struct benchmark_entry said[] = {
	{.id = "1.1", .section = "1", .level = 1, .has_groups = true, .check = &checks[HARDENED]},
	{.id = "2.1",
	 .section = "2",
	 .level = 1,
	 .groups = 6,
	 .has_groups = true,
	 .check = &checks[ICC]},
	{.id = "2.10",
	 .section = "2",
	 .level = 2,
	 .groups = 4,
	 .check = &checks[LIVE_RESTORE],
	 .has_groups = true},
	{.id = "5.1",
	 .section = "5",
	 .level = 1,
	 .groups = 7,
	 .has_groups = true,
	 .check = &checks[PRIVILEGED]},
};
static const struct benchmark_entry unsaid[] = {
	{.id = "2.1", .section = "2", .check = &checks[LIVE_RESTORE]},
	{.id = "5.4", .section = "5", .check = &checks[PRIVILEGED]},
	{.id = "5.10", .section = "5", .check = &checks[MEMORY]},
};
static const struct benchmark benchmarks[] = {
	{.name = "cis-said", .entries = said, .n_entries = G_N_ELEMENTS(said)},
	{.name = "cis-unsaid", .entries = unsaid, .n_entries = G_N_ELEMENTS(unsaid)},
};

enum { SAID = 1, UNSAID = 2, BOTH = SAID | UNSAID };

/* What is selected, one letter a check in the order of `checks`; or the message. */
static char *selected(unsigned of, const char *only, const char *skip, enum severity least)
{
	PLIMSOLL_AUTO(catalogue) *catalogue = catalogue_new(NULL, NULL);
	g_auto(GStrv) only_words = only != NULL ? g_strsplit(only, ",", -1) : NULL;
	g_auto(GStrv) skip_words = skip != NULL ? g_strsplit(skip, ",", -1) : NULL;
	const struct select_rule rule = {(const char *const *)only_words,
					 (const char *const *)skip_words, least};
	const struct benchmark *const all[] = {&benchmarks[0], &benchmarks[1]};
	g_autoptr(GError) error = NULL;
	g_autoptr(GHashTable) set = select_checks(catalogue, of == UNSAID ? all + 1 : all,
						  of == BOTH ? 2 : 1, &rule, &error);
	GString *text = g_string_new(NULL);

	if (set == NULL)
		g_string_append(text, error->message);
	for (guint i = 0; set != NULL && i < G_N_ELEMENTS(checks); i++)
		if (g_hash_table_contains(set, &checks[i]))
			g_string_append_c(text, "pmilh"[i]);
	return g_string_free(text, FALSE);
}

static const struct {
	unsigned of;
	const char *only;
	const char *skip;
	enum severity least;
	const char *want;
} cases[] = {
	{SAID, NULL, NULL, SEVERITY_LOW, "pilh"},
	{BOTH, NULL, NULL, SEVERITY_LOW, "pmilh"},
	{SAID, "container-*", NULL, SEVERITY_LOW, "p"},
	{BOTH, "container-*", NULL, SEVERITY_LOW, "pm"},
	{SAID, "*-live-*", NULL, SEVERITY_LOW, "l"},
	/* numbers part by part, in each benchmark by its own */
	{SAID, "2.1", NULL, SEVERITY_LOW, "i"},
	{SAID, "2.1*", NULL, SEVERITY_LOW, "il"},
	{SAID, "2.1?", NULL, SEVERITY_LOW, "l"},
	{BOTH, "2.1", NULL, SEVERITY_LOW, "il"},
	{BOTH, "5.1", NULL, SEVERITY_LOW, "p"},
	{BOTH, "check_5_10", NULL, SEVERITY_LOW, "m"},
	{BOTH, "5.*", NULL, SEVERITY_LOW, "pm"},
	/* kinds */
	{SAID, "section:2", NULL, SEVERITY_LOW, "il"},
	{SAID, "section:daemon", NULL, SEVERITY_LOW, "il"},
	{SAID, "section:2.1", NULL, SEVERITY_LOW,
	 "unknown section '2.1'; there are 1, host, 2, daemon, 5, containers"},
	{BOTH, "severity:medium", NULL, SEVERITY_LOW, "mih"},
	{BOTH, "severity:low,severity:critical", NULL, SEVERITY_LOW, "pl"},
	{SAID, "level:1", NULL, SEVERITY_LOW, "pih"},
	{SAID, "level:2", NULL, SEVERITY_LOW, "l"},
	{SAID, "level:L2", NULL, SEVERITY_LOW, "l"},
	{SAID, "group:IG1", NULL, SEVERITY_LOW, "p"},
	{SAID, "group:ig2", NULL, SEVERITY_LOW, "pi"},
	{SAID, "group:3", NULL, SEVERITY_LOW, "pil"},
	/* what one benchmark says is enough; what none says is no match */
	{BOTH, "level:1", NULL, SEVERITY_LOW, "pih"},
	{UNSAID, "level:1", NULL, SEVERITY_LOW, "cis-unsaid does not say the level of its checks"},
	{UNSAID, "group:IG1", NULL, SEVERITY_LOW,
	 "cis-unsaid does not say the group of its checks"},
	{BOTH, NULL, "level:2", SEVERITY_LOW, "pmih"},
	/* together */
	{BOTH, "daemon,5.4", NULL, SEVERITY_LOW, "pil"},
	{BOTH, "daemon,5.4", "2.10", SEVERITY_LOW, "pi"},
	{BOTH, "daemon,5.4", "group:IG1", SEVERITY_MEDIUM, "i"},
	{BOTH, NULL, NULL, SEVERITY_HIGH, "p"},
	{BOTH, "daemon", "daemon", SEVERITY_LOW, "no check is left to ask"},
	{BOTH, "daemon-live-restore", NULL, SEVERITY_HIGH, "no check is left to ask"},
	/* slips */
	{SAID, "container-priviledged", NULL, SEVERITY_LOW,
	 "unknown check 'container-priviledged'; did you mean 'container-privileged'?"},
	{SAID, "deamon", NULL, SEVERITY_LOW, "unknown check 'deamon'; did you mean 'daemon'?"},
	{SAID, "container-memory-limit", NULL, SEVERITY_LOW,
	 "check 'container-memory-limit' is not part of cis-said"},
	{SAID, "severity:critcal", NULL, SEVERITY_LOW,
	 "unknown severity 'critcal'; did you mean 'severity:critical'?"},
	{SAID, "severity:hgih", NULL, SEVERITY_LOW,
	 "unknown severity 'hgih'; there are low, medium, high, critical"},
	{SAID, "severity:high", NULL, SEVERITY_LOW, "no check of cis-said has severity 'high'"},
	{SAID, "severity:", NULL, SEVERITY_LOW,
	 "unknown severity ''; there are low, medium, high, critical"},
	{SAID, "level:3", NULL, SEVERITY_LOW, "unknown level '3'; there are 1, 2"},
	{SAID, "group:IG4", NULL, SEVERITY_LOW, "unknown group 'IG4'; there are IG1, IG2, IG3"},
	{SAID, "group:0", NULL, SEVERITY_LOW, "unknown group '0'; there are IG1, IG2, IG3"},
	{SAID, "section:contaners", NULL, SEVERITY_LOW,
	 "unknown section 'contaners'; did you mean 'section:containers'?"},
	{SAID, "sectoin:5", NULL, SEVERITY_LOW, "unknown 'sectoin:5'; did you mean 'section:5'?"},
	{SAID, "colour:red", NULL, SEVERITY_LOW,
	 "unknown 'colour:red'; before a colon stands one of section, severity, level, group"},
	{SAID, "section:*", NULL, SEVERITY_LOW,
	 "unknown section '*'; there are 1, host, 2, daemon, 5, containers"},
};

static void test_words(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got =
			selected(cases[i].of, cases[i].only, cases[i].skip, cases[i].least);

		g_test_message("--only %s --skip %s", cases[i].only, cases[i].skip);
		g_assert_cmpstr(got, ==, cases[i].want);
	}
}

static void test_filters(void)
{
	const char *const only[] = {"5.*", NULL};
	const struct select_rule rules[] = {
		{.only = NULL}, {.only = only}, {.skip = only, .min_severity = SEVERITY_HIGH}};
	static const char *const want[] = {NULL, "--only 5.*", "--skip 5.* --severity high"};

	for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
		g_autoptr(GArray) filters = g_array_new(FALSE, FALSE, sizeof(struct report_filter));
		struct report report = {0};
		g_autofree char *text = NULL;

		select_add_filters(&rules[i], filters);
		report.filters = (const struct report_filter *)(const void *)filters->data;
		report.n_filters = filters->len;
		text = report_filter_text(&report);
		g_assert_cmpstr(text, ==, want[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/select/a word means what it says, and a slip is refused", test_words);
	g_test_add_func("/select/a rule says what it leaves out", test_filters);
	return g_test_run();
}
