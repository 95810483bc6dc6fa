/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table "since schema n, field -> group". A column without a row of its own shares its table's.
 * A field that is added to plimsoll.proto gets a row with the schema number that brings it; the
 * completeness test knows the columns of every earlier schema and fails otherwise.
 */
#include "proto/schema.h"

#include <string.h>

/* The row of a table as a whole comes first, those of its columns follow. */
static const struct schema_field fields[] = {
	{"snapshot", NULL, 1, "host"},
	{"fetch", NULL, 1, NULL},

	{"engine", NULL, 1, "engine"},
	{"engine", "root_dir_real", 1, "file"},
	{"engine_component", NULL, 1, "engine"},
	{"engine_insecure_cidr", NULL, 1, "engine"},
	{"engine_registry_index", NULL, 1, "engine"},
	{"engine_authz_plugin", NULL, 1, "engine"},
	{"engine_runtime", NULL, 1, "engine"},
	{"engine_warning", NULL, 1, "engine"},
	{"engine_swarm_remote_manager", NULL, 1, "engine"},

	{"dockerd", NULL, 1, "dockerd"},
	{"dockerd", "other_children", 1, "process"},
	{"dockerd_option", NULL, 1, "dockerd"},
	{"dockerd_listen", NULL, 1, "dockerd"},
	{"dockerd_activated", NULL, 1, "dockerd"},
	{"config_file", NULL, 1, "config"},
	{"config_option", NULL, 1, "config"},
	{"config_option_item", NULL, 1, "config"},
	{"unit", NULL, 1, "unit"},
	{"unit_dropin", NULL, 1, "unit"},
	{"unit_listen", NULL, 1, "unit"},
	{"unit_environment_file", NULL, 1, "unit"},
	{"unit_option", NULL, 1, "unit"},
	{"containerd", NULL, 1, "containerd"},

	{"file", NULL, 1, "file"},
	{"mount", NULL, 1, "mount"},
	{"audit_rule", NULL, 1, "audit"},
	{"audit_rule_field", NULL, 1, "audit"},
	{"audit_status", NULL, 1, "audit"},
	{"process", NULL, 1, "process"},
	{"host", NULL, 1, "host"},
	{"host", "process_table_seen", 1, "process"},
	{"host_listen", NULL, 1, "host"},
	{"host_nsswitch_group", NULL, 1, "host"},
	{"group_member", NULL, 1, "group_member"},

	{"container", NULL, 1, "container"},
	{"container", "live_euid", 1, "process"},
	{"container", "live_euid_in", 1, "process"},
	{"container", "live_nnp", 1, "process"},
	{"container", "live_seccomp_mode", 1, "process"},
	{"container", "live_apparmor_current", 1, "process"},
	{"container", "live_ns_net", 1, "process"},
	{"container", "live_ns_pid", 1, "process"},
	{"container", "live_ns_ipc", 1, "process"},
	{"container", "live_ns_uts", 1, "process"},
	{"container", "live_ns_user", 1, "process"},
	{"container", "live_ns_mnt", 1, "process"},
	{"container_cap_add", NULL, 1, "container"},
	{"container_cap_drop", NULL, 1, "container"},
	{"container_sec_opt", NULL, 1, "container"},
	{"container_ulimit", NULL, 1, "container"},
	{"container_device", NULL, 1, "container"},
	{"container_device_request", NULL, 1, "container"},
	{"container_device_cgroup_rule", NULL, 1, "container"},
	{"container_label_name", NULL, 1, "container"},
	{"container_env_name", NULL, 1, "container"},
	{"container_mount", NULL, 1, "container"},
	{"container_mount", "source_real", 1, "file"},
	{"container_mount", "source_status", 1, "file"},
	{"container_port", NULL, 1, "container"},
	{"container_network", NULL, 1, "container"},
	{"container_exposed_port", NULL, 1, "container"},

	{"image", NULL, 1, "image"},
	{"image_repo_tag", NULL, 1, "image"},
	{"image_repo_digest", NULL, 1, "image"},
	{"image_layer", NULL, 1, "image"},
	{"image_exposed_port", NULL, 1, "image"},
	{"image_env_name", NULL, 1, "image"},
	{"image_label_name", NULL, 1, "image"},
	{"image_history", NULL, 1, "image"},

	{"network", NULL, 1, "network"},
	{"network_option_name", NULL, 1, "network"},
	{"volume", NULL, 1, "volume"},
	{"volume", "bind_real", 1, "file"},
	{"volume", "bind_status", 1, "file"},
	{"path_alias", NULL, 1, "mount"},
	{"node", NULL, 1, "node"},
	{"service", NULL, 1, "service"},
	{"service_port", NULL, 1, "service"},
	{"service_env_name", NULL, 1, "service"},

	{"observed_container", NULL, 1, "container"},
	{"observed_file", NULL, 1, "file"},
	{"observed_fetch", NULL, 1, NULL},
	{"observed_warning_text", NULL, 1, NULL},
	{"observed_engine_endpoint", NULL, 1, NULL},
	{NULL, NULL, 0, NULL},
};

const struct schema_field *schema_find(const char *table, const char *column)
{
	const struct schema_field *whole = NULL;

	for (const struct schema_field *field = fields; field->table != NULL; field++) {
		if (field->table[0] != table[0] || strcmp(field->table, table) != 0) {
			if (whole != NULL)
				break; /* its rows stand together */
			continue;
		}
		if (field->column == NULL)
			whole = field;
		else if (column != NULL && strcmp(field->column, column) == 0)
			return field;
	}
	return whole;
}

const struct schema_field *schema_all(void)
{
	return fields;
}
