/* SPDX-License-Identifier: Apache-2.0 */
/* Site parameters: what is refused, one form and one hash a decision, and whom a selector means. */
#include "server/parameters.h"

#include <string.h>

#include "server/ini.h"
#include "server/labels.h"

static const char no_hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* --- values --- */

static const struct {
	const char *selector, *name, *value;
	const char *want; /* of the message; NULL: it is good */
} values[] = {
	{"", "trusted_users", "alice", NULL},
	{"", "trusted_users", "", NULL},
	{"", "trusted_users", "CORP\\alice; bob@example", NULL},
	{"", "trusted_users", "alice:x", "'alice:x' is no user name"},
	{"", "trusted_users", "bob,/root", "'/root' is no user name"},
	{"", "trusted_users", "\xff", "is no user name"},
	{"", "swarm_intended", "yes", NULL},
	{"", "swarm_intended", "no", NULL},
	{"", "swarm_intended", "true", "wants yes or no, not 'true'"},
	{"", "swarm_intended", "", "wants yes or no"},
	{"", "min_engine_version", "24", NULL},
	{"", "min_engine_version", "24.0.7", NULL},
	{"", "min_engine_version", "24.0.7.1", "no release of the Engine"},
	{"", "min_engine_version", "24.", "no release of the Engine"},
	{"", "min_engine_version", "v24", "no release of the Engine"},
	{"", "min_engine_version", "", "no release of the Engine"},
	{"", "min_engine_version", "1234567890.1", "no release of the Engine"},
	{"", "node_cert_max_hours", "1", NULL},
	{"", "node_cert_max_hours", "878400", NULL},
	{"", "node_cert_max_hours", "0", "'0' is no number of hours from 1 to 878400"},
	{"", "node_cert_max_hours", "878401", "no number of hours"},
	{"", "node_cert_max_hours", "-1", "no number of hours"},
	{"", "node_cert_max_hours", "90d", "no number of hours"},
	{"", "trusted_registries", "docker.io registry.example:5000 [::1]:5000", NULL},
	{"", "trusted_registries", "docker.io/library", "'docker.io/library' is no registry host"},
	{"", "trusted_registries", "https://docker.io", "no registry host"},
	{"", "trusted_user", "alice", "no such parameter; there are trusted_users, swarm_intended"},
	{"env=prod", "swarm_intended", "no", NULL},
	{"env=prod, site=hel", "swarm_intended", "no", NULL},
	{"env", "swarm_intended", "no", "'env' is no label KEY=VALUE"},
	{"env=", "swarm_intended", "no", "'env=' is no label"},
	{"=prod", "swarm_intended", "no", "'=prod' is no label"},
	{"env=prod,", "swarm_intended", "no", "'' is no label"},
	{"env-=prod", "swarm_intended", "no", "no label"},
	{"env=a b", "swarm_intended", "no", "no label"},
};

static void test_values(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
		PLIMSOLL_AUTO(parameters) *parameters = parameters_new();
		g_autoptr(GError) error = NULL;
		bool set = parameters_set(parameters, values[i].selector, values[i].name,
					  values[i].value, &error);

		g_test_message("[%s] %s, case %u", values[i].selector, values[i].name, i);
		if (values[i].want == NULL) {
			g_assert_no_error(error);
			g_assert_true(set);
			continue;
		}
		g_assert_false(set);
		g_assert_error(error, CONFIG_ERROR, 0);
		g_assert_nonnull(strstr(error->message, values[i].want));
		g_assert_false(parameters_want_labels(parameters));
	}
}

static struct parameter_values *values_of(const char *name, const char *value)
{
	PLIMSOLL_AUTO(parameters) *parameters = parameters_new();

	if (name != NULL)
		g_assert_true(parameters_set(parameters, "", name, value, NULL));
	return parameters_for(parameters, NULL);
}

static void test_each_arrives(void)
{
	PLIMSOLL_AUTO(parameter_values) *none = values_of(NULL, NULL);
	PLIMSOLL_AUTO(parameter_values) *users = values_of("trusted_users", " bob,alice; bob ");
	PLIMSOLL_AUTO(parameter_values) *nobody = values_of("trusted_users", "");
	PLIMSOLL_AUTO(parameter_values) *swarm = values_of("swarm_intended", "no");
	PLIMSOLL_AUTO(parameter_values) *version = values_of("min_engine_version", "24.0");
	PLIMSOLL_AUTO(parameter_values) *hours = values_of("node_cert_max_hours", "0720");
	PLIMSOLL_AUTO(parameter_values) *registries = values_of("trusted_registries", "a.b c:1");

	g_assert_false(none->message.has_trusted_users_set);
	g_assert_null(none->message.swarm_intended);
	g_assert_cmpstr(none->hash, ==, no_hash);
	g_assert_true(users->message.trusted_users_set);
	g_assert_cmpuint(users->message.n_trusted_user, ==, 2);
	g_assert_cmpstr(users->message.trusted_user[0], ==, "alice");
	g_assert_cmpstr(users->message.trusted_user[1], ==, "bob");
	g_assert_false(users->message.has_trusted_registries_set);
	g_assert_true(nobody->message.trusted_users_set);
	g_assert_cmpuint(nobody->message.n_trusted_user, ==, 0);
	g_assert_cmpstr(nobody->hash, !=, no_hash);
	g_assert_cmpstr(swarm->message.swarm_intended, ==, "no");
	g_assert_cmpstr(version->message.min_engine_version, ==, "24.0");
	g_assert_cmpint(hours->message.node_cert_max_hours, ==, 720);
	g_assert_cmpuint(registries->message.n_trusted_registry, ==, 2);
	g_assert_cmpstr(registries->message.trusted_registry[1], ==, "c:1");
}

/* --- the hash --- */

static const struct {
	const char *name, *first, *second;
	bool equal;
} hashes[] = {
	{"trusted_users", "alice,bob", "bob; alice alice", true},
	{"trusted_users", "alice,bob", "alice", false},
	{"trusted_users", "alice", "Alice", false},
	{"node_cert_max_hours", "720", "0720", true},
	{"node_cert_max_hours", "720", "721", false},
	{"swarm_intended", "yes", "no", false},
};

static void test_a_decision_has_one_hash(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(hashes); i++) {
		PLIMSOLL_AUTO(parameter_values) *first = values_of(hashes[i].name, hashes[i].first);
		PLIMSOLL_AUTO(parameter_values) *second =
			values_of(hashes[i].name, hashes[i].second);

		g_test_message("%s: '%s', '%s'", hashes[i].name, hashes[i].first, hashes[i].second);
		g_assert_cmpint(strcmp(first->hash, second->hash) == 0, ==, hashes[i].equal);
	}
}

/* --- selectors --- */

static const struct {
	const char *labels;
	const char *want; /* min_engine_version */
} hosts[] = {
	{"", "20"},
	{"env=test", "20"},
	{"env=prod", "24"},
	{"env=prod site=hel", "25"},
	{"env=prod role=db", "26"},
	{"env=prod site=hel role=db", "26"},
	{"site=hel", "20"},
	{"env=prod2", "20"},
};

static GHashTable *labels_of(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	GHashTable *labels = labels_new();

	for (guint i = 0; words[i] != NULL; i++)
		g_assert_true(labels_add(labels, words[i], NULL));
	return labels;
}

/* The one of every host stands last here, and is the weakest all the same. */
static void test_selectors(void)
{
	static const char *const rules[][2] = {{"env=prod", "1"},
					       {"site=hel,env=prod", "25"},
					       {"role=db", "26"},
					       {"env=prod", "24"},
					       {"", "20"}};
	PLIMSOLL_AUTO(parameters) *parameters = parameters_new();

	g_assert_false(parameters_want_labels(parameters));
	for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
		g_assert_true(parameters_set(parameters, rules[i][0], "min_engine_version",
					     rules[i][1], NULL));
	g_assert_true(parameters_want_labels(parameters));
	for (guint i = 0; i < G_N_ELEMENTS(hosts); i++) {
		g_autoptr(GHashTable) labels = labels_of(hosts[i].labels);
		PLIMSOLL_AUTO(parameter_values) *got = parameters_for(parameters, labels);

		g_test_message("%s", hosts[i].labels);
		g_assert_cmpstr(got->message.min_engine_version, ==, hosts[i].want);
	}
}

static const struct {
	const char *group, *want;
} groups[] = {
	{"parameters", ""},
	{"parameters env=prod", "env=prod"},
	{"parameters  env=prod", "env=prod"},
	{"parametersenv=prod", NULL},
	{"parameter", NULL},
	{"server", NULL},
};

static void test_groups(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
		g_assert_cmpstr(parameters_selector(groups[i].group), ==, groups[i].want);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/parameters/values are checked", test_values);
	g_test_add_func("/parameters/each arrives", test_each_arrives);
	g_test_add_func("/parameters/a decision has one hash", test_a_decision_has_one_hash);
	g_test_add_func("/parameters/a selector wants all its labels", test_selectors);
	g_test_add_func("/parameters/groups of a configuration", test_groups);
	return g_test_run();
}
