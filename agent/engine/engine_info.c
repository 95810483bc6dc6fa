/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine row. Proxies, labels, generic resources and runtime status blobs, which /info holds
 * as well, are not taken.
 */
#include "agent/engine/engine_info.h"

#include <string.h>

#include "agent/engine/engine_warning.h"

void engine_info_take_ping(const struct host_get *ping, Plimsoll__Engine *engine)
{
	engine->has_kind = true;
	engine->kind = PLIMSOLL__ENGINE__KIND__UNKNOWN;
	if (ping->libpod_version != NULL)
		engine->kind = PLIMSOLL__ENGINE__KIND__PODMAN;
	else if (ping->server != NULL && g_str_has_prefix(ping->server, "Docker/"))
		engine->kind = PLIMSOLL__ENGINE__KIND__DOCKER;
}

static void take_components(struct engine_parse *parse, const struct json *list,
			    Plimsoll__Engine *engine)
{
	size_t count = MIN(json_length(list), LIMIT_LIST_MEMBERS);
	g_autoptr(GPtrArray) rows = g_ptr_array_new();

	for (size_t i = 0; i < count; i++) {
		const struct json *entry = json_at(list, i);
		Plimsoll__Component *row =
			engine_parse_row(parse, &plimsoll__component__descriptor);

		row->name = engine_parse_text(parse, json_get(entry, "Name"));
		row->version = engine_parse_text(parse, json_get(entry, "Version"));
		if (row->version != NULL) /* Podman writes the whole output of crun --version */
			row->version[strcspn(row->version, "\n")] = '\0';
		if (g_strcmp0(row->name, "Podman Engine") == 0)
			engine->kind = PLIMSOLL__ENGINE__KIND__PODMAN;
		g_ptr_array_add(rows, row);
	}
	engine->component = engine_parse_array(parse, rows, &engine->n_component);
}

void engine_info_take_version(struct engine_parse *parse, const struct json *root,
			      Plimsoll__Engine *engine)
{
	engine->has_kind = true;
	if (engine->kind != PLIMSOLL__ENGINE__KIND__PODMAN)
		engine->kind = PLIMSOLL__ENGINE__KIND__DOCKER;
	engine->version = engine_parse_text(parse, json_get(root, "Version"));
	engine->api_version = engine_parse_text(parse, json_get(root, "ApiVersion"));
	engine->min_api_version = engine_parse_text(parse, json_get(root, "MinAPIVersion"));
	engine->git_commit = engine_parse_text(parse, json_get(root, "GitCommit"));
	engine->build_time = engine_parse_text(parse, json_get(root, "BuildTime"));
	take_components(parse, json_get(root, "Components"), engine);
}

/* ---------------------------------------------------------------- /info */

/* The part of "name=seccomp,profile=default" after key, or NULL. */
static char *security_value(struct engine_parse *parse, const char *option, const char *key)
{
	g_auto(GStrv) parts = g_strsplit(option, ",", 8);

	for (guint i = 0; parts[i] != NULL; i++)
		if (g_str_has_prefix(parts[i], key))
			return engine_parse_copy(parse, parts[i] + strlen(key),
						 strlen(parts[i]) - strlen(key));
	return NULL;
}

static void take_security_option(struct engine_parse *parse, const char *option,
				 Plimsoll__Engine *engine)
{
	const char *name = security_value(parse, option, "name=");

	if (g_strcmp0(name, "rootless") == 0)
		engine->rootless = true;
	else if (g_strcmp0(name, "userns") == 0)
		engine->userns = true;
	else if (g_strcmp0(name, "selinux") == 0)
		engine->selinux = true;
	else if (g_strcmp0(name, "apparmor") == 0)
		engine->apparmor = true;
	else if (g_strcmp0(name, "no-new-privileges") == 0)
		engine->no_new_privs_info = true;
	else if (g_strcmp0(name, "seccomp") == 0)
		engine->seccomp_profile = security_value(parse, option, "profile=");
}

static void take_security_options(struct engine_parse *parse, const struct json *list,
				  Plimsoll__Engine *engine)
{
	size_t count = engine_parse_list(parse, list, JSON_KIND_ARRAY, "SecurityOptions");

	if (!json_is(list, JSON_KIND_ARRAY) && (list == NULL || !json_is(list, JSON_KIND_NULL)))
		return;
	engine->has_rootless = engine->has_userns = engine->has_selinux = true;
	engine->has_apparmor = engine->has_no_new_privs_info = true;
	engine->seccomp_profile = arena_strdup(parse->arena, "");
	for (size_t i = 0; i < count; i++) {
		const char *option = json_as_string(json_at(list, i), NULL);

		if (option != NULL)
			take_security_option(parse, option, engine);
	}
}

/* DriverStatus is a list of pairs. */
static void take_driver(struct engine_parse *parse, const struct json *root,
			Plimsoll__Engine *engine)
{
	const struct json *status = json_get(root, "DriverStatus");

	engine->driver = engine_parse_text(parse, json_get(root, "Driver"));
	if (status == NULL)
		return;
	engine->driver_type = arena_strdup(parse->arena, "");
	for (size_t i = 0; i < json_length(status); i++) {
		const struct json *pair = json_at(status, i);
		const char *key = json_as_string(json_at(pair, 0), NULL);

		if (g_strcmp0(key, "driver-type") == 0)
			engine->driver_type = engine_parse_text(parse, json_at(pair, 1));
	}
}

struct named_rows {
	struct engine_parse *parse;
	GPtrArray *rows;
};

static void add_index(const char *key, const struct json *value, void *data)
{
	struct named_rows *named = data;
	Plimsoll__RegistryIndex *row =
		engine_parse_row(named->parse, &plimsoll__registry_index__descriptor);

	row->name = engine_parse_copy(named->parse, key, strlen(key));
	TAKE_BOOLEAN(row, secure, json_get(value, "Secure"));
	g_ptr_array_add(named->rows, row);
}

static void take_registries(struct engine_parse *parse, const struct json *registries,
			    Plimsoll__Engine *engine)
{
	const struct json *cidrs = json_get(registries, "InsecureRegistryCIDRs");
	const struct json *indexes = json_get(registries, "IndexConfigs");
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	struct named_rows named = {parse, rows};

	engine->has_registry_config_seen = true;
	engine->registry_config_seen = cidrs != NULL && indexes != NULL;
	if (!engine->registry_config_seen)
		return;
	engine->insecure_cidr = engine_parse_texts(parse, cidrs, "InsecureRegistryCIDRs", true,
						   &engine->n_insecure_cidr);
	engine_parse_list(parse, indexes, JSON_KIND_OBJECT, "IndexConfigs");
	json_each(indexes, add_index, &named);
	engine->registry_index = engine_parse_array(parse, rows, &engine->n_registry_index);
}

static void add_runtime(const char *key, const struct json *value, void *data)
{
	struct named_rows *named = data;
	Plimsoll__Runtime *row = engine_parse_row(named->parse, &plimsoll__runtime__descriptor);

	row->name = engine_parse_copy(named->parse, key, strlen(key));
	row->path = engine_parse_text(named->parse, json_get(value, "path"));
	g_ptr_array_add(named->rows, row);
}

static void take_plugins_and_runtimes(struct engine_parse *parse, const struct json *root,
				      Plimsoll__Engine *engine)
{
	const struct json *authz = json_path(root, "Plugins.Authorization");
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	struct named_rows named = {parse, rows};

	engine->has_plugins_seen = true;
	engine->plugins_seen = authz != NULL;
	if (authz != NULL)
		engine->authz_plugin = engine_parse_texts(parse, authz, "Plugins.Authorization",
							  false, &engine->n_authz_plugin);
	json_each(json_get(root, "Runtimes"), add_runtime, &named);
	engine->runtime = engine_parse_array(parse, rows, &engine->n_runtime);
	engine->default_runtime = engine_parse_text(parse, json_get(root, "DefaultRuntime"));
}

static void take_system(struct engine_parse *parse, const struct json *root,
			Plimsoll__Engine *engine)
{
	engine->os_type = engine_parse_text(parse, json_get(root, "OSType"));
	engine->operating_system = engine_parse_text(parse, json_get(root, "OperatingSystem"));
	engine->arch = engine_parse_text(parse, json_get(root, "Architecture"));
	engine->kernel = engine_parse_text(parse, json_get(root, "KernelVersion"));
	engine->root_dir = engine_parse_text(parse, json_get(root, "DockerRootDir"));
	engine->logging_driver = engine_parse_text(parse, json_get(root, "LoggingDriver"));
	engine->cgroup_driver = engine_parse_text(parse, json_get(root, "CgroupDriver"));
	engine->cgroup_version = engine_parse_text(parse, json_get(root, "CgroupVersion"));
	engine->containerd_address =
		engine_parse_text(parse, json_path(root, "Containerd.Address"));
	engine->firewall_backend =
		engine_parse_text(parse, json_path(root, "FirewallBackend.Driver"));
	TAKE_BOOLEAN(engine, live_restore, json_get(root, "LiveRestoreEnabled"));
	TAKE_BOOLEAN(engine, experimental, json_get(root, "ExperimentalBuild"));
	TAKE_BOOLEAN(engine, debug, json_get(root, "Debug"));
	TAKE_BOOLEAN(engine, memory_limit, json_get(root, "MemoryLimit"));
	TAKE_BOOLEAN(engine, cpu_shares, json_get(root, "CPUShares"));
	TAKE_BOOLEAN(engine, cpu_cfs_quota, json_get(root, "CpuCfsQuota"));
	TAKE_BOOLEAN(engine, pids_limit, json_get(root, "PidsLimit"));
}

void engine_info_take(struct engine_parse *parse, const struct json *root, Plimsoll__Engine *engine)
{
	protobuf_c_boolean is_rootless = false;

	if (!json_is(root, JSON_KIND_OBJECT)) {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "the answer is not an object");
		return;
	}
	take_system(parse, root, engine);
	take_security_options(parse, json_get(root, "SecurityOptions"), engine);
	/* Podman says it here as well. */
	if (engine_parse_boolean(json_get(root, "Rootless"), &is_rootless) && is_rootless)
		engine->has_rootless = engine->rootless = true;
	take_driver(parse, root, engine);
	take_registries(parse, json_get(root, "RegistryConfig"), engine);
	take_plugins_and_runtimes(parse, root, engine);
	engine_warning_take(parse, json_get(root, "Warnings"), engine);
	engine_info_take_swarm(parse, json_get(root, "Swarm"), engine);
}
