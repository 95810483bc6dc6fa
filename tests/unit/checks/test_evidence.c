/* SPDX-License-Identifier: Apache-2.0 */
/* What a verdict rests on: facts and settings with their places, sources, and what would turn it.
 */
#include "checks/evidence.h"

#include <string.h>

#include "proto/arena.h"
#include "proto/wire.h"
#include "tests/unit/checks/derive_fixture.h"

#define UNIT                                                                                       \
	"{'unit': [{'name': 'docker.service', 'status': 'ok', 'exec_file':"                        \
	" '/etc/systemd/system/docker.service.d/x.conf', 'option': [{'name': 'icc',"               \
	" 'value': 'true'}]}]}"
#define FILE_LINE_7                                                                                \
	"{'config_file': [{'path': '/etc/docker/daemon.json', 'status': 'ok', 'parse_ok': true,"   \
	" 'mtime': 900, 'ctime': 900}], 'config_option': [{'path': '/etc/docker/daemon.json',"     \
	" 'name': 'live-restore', 'json_type': 'bool', 'value': 'true', 'line': 7}],"              \
	" 'fetch': [{'source': 'file:/etc/docker/daemon.json', 'status': 'ok',"                    \
	" 'group': 'config'}]}"
#define LIVE_RESTORE "{'engine': {'live_restore': true}}"
#define BRIDGE                                                                                     \
	"{'network': [{'id': 'n1', 'name': 'bridge', 'driver': 'bridge', 'default_bridge': true,"  \
	" 'icc': 'true'}]}"

struct world {
	struct arena *arena;
	struct catalogue *catalogue;
	struct evaluator *evaluator;
	Plimsoll__Facts *facts;
};

static void world_init(struct world *ret_world, const char *const *fragments)
{
	g_autoptr(GError) error = NULL;

	ret_world->arena = arena_new(SIZE_MAX);
	ret_world->facts = derive_facts(fragments, ret_world->arena);
	ret_world->catalogue = catalogue_new(NULL, &error);
	g_assert_no_error(error);
	ret_world->evaluator = evaluator_new(ret_world->catalogue, &error);
	g_assert_no_error(error);
}

static void world_done(struct world *world)
{
	evaluator_free(world->evaluator);
	catalogue_free(world->catalogue);
	arena_free(world->arena);
}

/* The facts are the same bytes afterwards. */
static struct evidence *evidence_of(const struct world *world, const char *name)
{
	const struct evaluate_input input = {.facts = world->facts, .as_of_s = 2000};
	g_autoptr(GBytes) before = wire_pack(&world->facts->base);
	g_autoptr(GBytes) after = NULL;
	g_autoptr(GError) error = NULL;
	struct evidence *evidence = evidence_new(world->evaluator, &input,
						 catalogue_find(world->catalogue, name), &error);

	g_assert_no_error(error);
	after = wire_pack(&world->facts->base);
	g_assert_true(g_bytes_equal(before, after));
	return evidence;
}

static const struct evidence_setting *find_setting(const struct evidence *evidence,
						   const char *name)
{
	for (guint i = 0; i < evidence->n_settings; i++) {
		if (strcmp(evidence->settings[i].name, name) == 0)
			return &evidence->settings[i];
	}
	g_error("no setting %s", name);
}

static const char *find_turn(const struct evidence *evidence, const char *what)
{
	for (guint i = 0; i < evidence->n_turns; i++) {
		if (strcmp(evidence->turns[i].what, what) == 0)
			return verdict_text(evidence->turns[i].verdict);
	}
	return NULL;
}

static void settings_say_where_they_stand(void)
{
	static const char *const fragments[] = {
		DERIVE_HOST, DERIVE_ENGINE, DERIVE_DOCKERD("{'name': 'icc', 'value': 'true'}"),
		FILE_LINE_7, UNIT,          LIVE_RESTORE,
		BRIDGE,      NULL};
	struct world world;

	world_init(&world, fragments);
	{
		PLIMSOLL_AUTO(evidence) *icc = evidence_of(&world, "daemon-icc-disabled");
		PLIMSOLL_AUTO(evidence) *level = evidence_of(&world, "daemon-log-level-info");
		PLIMSOLL_AUTO(evidence) *iptables = evidence_of(&world, "daemon-iptables-enabled");

		g_assert_cmpstr(find_setting(icc, "icc")->place, ==,
				"ExecStart in /etc/systemd/system/docker.service.d/x.conf");
		g_assert_cmpstr(find_setting(icc, "icc")->value, ==, "true");
		g_assert_cmpstr(find_setting(level, "log-level")->origin, ==, "default");
		g_assert_null(find_setting(level, "log-level")->place);
		g_assert_cmpstr(find_setting(level, "log-level")->value, ==, "info");
		g_assert_cmpstr(find_setting(iptables, "iptables")->value, ==, "true");
		g_assert_cmpstr(find_turn(iptables, "setting iptables"), ==, "fail");
	}
	world_done(&world);
}

static void lines_of_the_file_are_told(void)
{
	static const char *const fragments[] = {DERIVE_HOST, DERIVE_ENGINE, DERIVE_DOCKERD(""),
						FILE_LINE_7, LIVE_RESTORE,  NULL};
	struct world world;

	world_init(&world, fragments);
	{
		PLIMSOLL_AUTO(evidence) *evidence = evidence_of(&world, "daemon-live-restore");

		g_assert_cmpstr(find_setting(evidence, "live-restore")->place, ==,
				"/etc/docker/daemon.json line 7");
		g_assert_cmpstr(find_turn(evidence, "engine: live_restore"), ==, "fail");
		g_assert_cmpuint(evidence->n_sources, ==, 1);
		g_assert_cmpstr(evidence->sources[0].status, ==, "ok");
		for (guint i = 1; i < evidence->n_facts; i++)
			g_assert_cmpint(
				strcmp(evidence->facts[i - 1].table, evidence->facts[i].table), <=,
				0);
	}
	world_done(&world);
}

static void every_check_has_evidence(void)
{
	static const char *const fragments[] = {DERIVE_HOST, DERIVE_ENGINE, DERIVE_DOCKERD(""),
						FILE_LINE_7, BRIDGE,        NULL};
	struct world world;
	const struct check *checks = NULL;
	guint n = 0;

	world_init(&world, fragments);
	checks = catalogue_checks(world.catalogue, &n);
	for (guint i = 0; i < n; i++) {
		PLIMSOLL_AUTO(evidence) *evidence = NULL;

		if (checks[i].n_variants > 0)
			continue;
		g_test_message("%s", checks[i].name);
		evidence = evidence_of(&world, checks[i].name);
		for (guint k = 0; k < evidence->n_turns; k++)
			g_assert_cmpint(evidence->turns[k].verdict, !=,
					evidence->evaluation->results[0].verdict);
	}
	world_done(&world);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/evidence/settings-say-where-they-stand", settings_say_where_they_stand);
	g_test_add_func("/evidence/lines-of-the-file-are-told", lines_of_the_file_are_told);
	g_test_add_func("/evidence/every-check-has-evidence", every_check_has_evidence);
	return g_test_run();
}
