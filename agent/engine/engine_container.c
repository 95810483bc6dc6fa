/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container row, member by member. Commands, arguments, values of the environment and of
 * labels, log options, and security profiles stay behind.
 */
#include "agent/engine/engine_container.h"

#include <string.h>

#include "agent/engine/engine_secopt.h"

/* Label values that are sent: they say to whom the container belongs. */
static const char label_service[] = "com.docker.swarm.service.id";
static const char label_project[] = "com.docker.compose.project";
static const char label_compose_service[] = "com.docker.compose.service";

/* Names of the list: with --link also "/other/alias"; the own name is the one with one slash. */
static const char *own_name(const struct json *names)
{
	for (size_t i = 0; i < json_length(names); i++) {
		const char *name = json_as_string(json_at(names, i), NULL);

		if (name != NULL && name[0] == '/' && strchr(name + 1, '/') == NULL)
			return name + 1;
	}
	return NULL;
}

Plimsoll__Container *engine_container_from_list(struct engine_parse *parse,
						const struct json *entry)
{
	const char *id = json_as_string(json_get(entry, "Id"), NULL);
	const char *state = json_as_string(json_get(entry, "State"), NULL);
	const char *name = own_name(json_get(entry, "Names"));
	Plimsoll__Container *row = NULL;

	if (id == NULL || id[0] == '\0') {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "a container of the list has no id");
		return NULL;
	}
	if (g_strcmp0(state, "removing") == 0)
		return NULL;
	row = engine_parse_row(parse, &plimsoll__container__descriptor);
	row->id = engine_parse_copy(parse, id, strlen(id));
	row->name = name == NULL ? NULL : engine_parse_copy(parse, name, strlen(name));
	row->state = engine_parse_text(parse, json_get(entry, "State"));
	return row;
}

/* ---------------------------------------------------------------- child rows */

static int compare_mounts(const void *a, const void *b)
{
	const Plimsoll__ContainerMount *left = *(const Plimsoll__ContainerMount *const *)a;
	const Plimsoll__ContainerMount *right = *(const Plimsoll__ContainerMount *const *)b;
	int order = g_strcmp0(left->destination, right->destination);

	return order != 0 ? order : g_strcmp0(left->source, right->source);
}

/* The Engine lists mounts in the order of a hash. */
static void take_mounts(struct engine_parse *parse, const struct json *list,
			Plimsoll__Container *row)
{
	size_t count = engine_parse_list(parse, list, JSON_KIND_ARRAY, "Mounts");
	g_autoptr(GPtrArray) rows = g_ptr_array_new();

	for (size_t i = 0; i < count; i++) {
		const struct json *entry = json_at(list, i);
		Plimsoll__ContainerMount *mount =
			engine_parse_row(parse, &plimsoll__container_mount__descriptor);

		mount->type = engine_parse_text(parse, json_get(entry, "Type"));
		mount->name = engine_parse_text(parse, json_get(entry, "Name"));
		mount->source = engine_parse_text(parse, json_get(entry, "Source"));
		mount->destination = engine_parse_text(parse, json_get(entry, "Destination"));
		mount->propagation = engine_parse_text(parse, json_get(entry, "Propagation"));
		TAKE_BOOLEAN(mount, rw, json_get(entry, "RW"));
		g_ptr_array_add(rows, mount);
	}
	g_ptr_array_sort(rows, compare_mounts);
	row->mount = engine_parse_array(parse, rows, &row->n_mount);
}

struct port_rows {
	struct engine_parse *parse;
	GPtrArray *rows;
	Plimsoll__ContainerPort__Origin origin;
};

static Plimsoll__ContainerPort *new_port(struct port_rows *ports, const char *key)
{
	const char *slash = strchr(key, '/');
	size_t digits = slash == NULL ? strlen(key) : (size_t)(slash - key);
	const char *proto = slash == NULL ? "tcp" : slash + 1;
	g_autofree char *number = g_strndup(key, digits);
	Plimsoll__ContainerPort *row =
		engine_parse_row(ports->parse, &plimsoll__container_port__descriptor);
	guint64 port = 0;

	row->has_origin = true;
	row->origin = ports->origin;
	row->proto = engine_parse_copy(ports->parse, proto, strlen(proto));
	if (g_ascii_string_to_unsigned(number, 10, 0, 65535, &port, NULL)) {
		row->has_port = true;
		row->port = (int64_t)port;
	}
	return row;
}

static int compare_bindings(const void *a, const void *b)
{
	const Plimsoll__ContainerPort *left = *(const Plimsoll__ContainerPort *const *)a;
	const Plimsoll__ContainerPort *right = *(const Plimsoll__ContainerPort *const *)b;
	int order = (left->origin > right->origin) - (left->origin < right->origin);

	if (order == 0)
		order = (left->port > right->port) - (left->port < right->port);
	if (order == 0)
		order = g_strcmp0(left->proto, right->proto);
	if (order == 0)
		order = g_strcmp0(left->host_ip, right->host_ip);
	return order != 0 ? order : g_strcmp0(left->host_port, right->host_port);
}

/* "80/tcp": [{"HostIp": "", "HostPort": "8080"}]; null: exposed, not published. */
static void add_ports(const char *key, const struct json *bindings, void *data)
{
	struct port_rows *ports = data;
	size_t count = engine_parse_list(ports->parse, bindings, JSON_KIND_ARRAY, "a port");

	for (size_t i = 0; i < count; i++) {
		const struct json *binding = json_at(bindings, i);
		Plimsoll__ContainerPort *row = new_port(ports, key);

		row->host_ip = engine_parse_text(ports->parse, json_get(binding, "HostIp"));
		row->host_port = engine_parse_text(ports->parse, json_get(binding, "HostPort"));
		g_ptr_array_add(ports->rows, row);
	}
}

static void take_ports(struct engine_parse *parse, const struct json *root,
		       Plimsoll__Container *row)
{
	const struct json *configured = json_path(root, "HostConfig.PortBindings");
	const struct json *live = json_path(root, "NetworkSettings.Ports");
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	struct port_rows ports = {parse, rows, PLIMSOLL__CONTAINER_PORT__ORIGIN__CONFIGURED};

	engine_parse_list(parse, configured, JSON_KIND_OBJECT, "HostConfig.PortBindings");
	json_each(configured, add_ports, &ports);
	ports.origin = PLIMSOLL__CONTAINER_PORT__ORIGIN__LIVE;
	engine_parse_list(parse, live, JSON_KIND_OBJECT, "NetworkSettings.Ports");
	json_each(live, add_ports, &ports);
	if (rows->len > LIMIT_LIST_MEMBERS) {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__TRUNCATED,
				     "ports: %u of %u seen", LIMIT_LIST_MEMBERS, rows->len);
		g_ptr_array_set_size(rows, LIMIT_LIST_MEMBERS);
	}
	g_ptr_array_sort(rows, compare_bindings);
	row->port = engine_parse_array(parse, rows, &row->n_port);
}

struct network_rows {
	struct engine_parse *parse;
	GPtrArray *rows;
};

static void add_network(const char *key, const struct json *value, void *data)
{
	struct network_rows *networks = data;
	struct engine_parse *parse = networks->parse;
	Plimsoll__ContainerNetwork *row =
		engine_parse_row(parse, &plimsoll__container_network__descriptor);

	row->name = engine_parse_copy(parse, key, strlen(key));
	row->network_id = engine_parse_text(parse, json_get(value, "NetworkID"));
	if (networks->rows->len < LIMIT_LIST_MEMBERS)
		g_ptr_array_add(networks->rows, row);
}

static void take_networks(struct engine_parse *parse, const struct json *object,
			  Plimsoll__Container *row)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	struct network_rows networks = {parse, rows};

	engine_parse_list(parse, object, JSON_KIND_OBJECT, "NetworkSettings.Networks");
	json_each(object, add_network, &networks);
	row->network = engine_parse_array(parse, rows, &row->n_network);
}

static int compare_ulimits(const void *a, const void *b)
{
	const Plimsoll__Ulimit *left = *(const Plimsoll__Ulimit *const *)a;
	const Plimsoll__Ulimit *right = *(const Plimsoll__Ulimit *const *)b;

	return g_strcmp0(left->name, right->name);
}

/* The daemon's defaults are merged in, in the order of a hash. */
static void take_ulimits(struct engine_parse *parse, const struct json *list,
			 Plimsoll__Container *row)
{
	size_t count = engine_parse_list(parse, list, JSON_KIND_ARRAY, "HostConfig.Ulimits");
	g_autoptr(GPtrArray) rows = g_ptr_array_new();

	for (size_t i = 0; i < count; i++) {
		const struct json *entry = json_at(list, i);
		Plimsoll__Ulimit *ulimit = engine_parse_row(parse, &plimsoll__ulimit__descriptor);

		ulimit->name = engine_parse_text(parse, json_get(entry, "Name"));
		TAKE_INTEGER(ulimit, soft, json_get(entry, "Soft"));
		TAKE_INTEGER(ulimit, hard, json_get(entry, "Hard"));
		g_ptr_array_add(rows, ulimit);
	}
	g_ptr_array_sort(rows, compare_ulimits);
	row->ulimit = engine_parse_array(parse, rows, &row->n_ulimit);
}

static void take_devices(struct engine_parse *parse, const struct json *host,
			 Plimsoll__Container *row)
{
	const struct json *devices = json_get(host, "Devices");
	const struct json *requests = json_get(host, "DeviceRequests");
	size_t count = engine_parse_list(parse, devices, JSON_KIND_ARRAY, "HostConfig.Devices");
	g_autoptr(GPtrArray) device_rows = g_ptr_array_new();
	g_autoptr(GPtrArray) request_rows = g_ptr_array_new();

	for (size_t i = 0; i < count; i++) {
		const struct json *entry = json_at(devices, i);
		Plimsoll__Device *device = engine_parse_row(parse, &plimsoll__device__descriptor);

		device->host = engine_parse_text(parse, json_get(entry, "PathOnHost"));
		device->container = engine_parse_text(parse, json_get(entry, "PathInContainer"));
		device->perms = engine_parse_text(parse, json_get(entry, "CgroupPermissions"));
		g_ptr_array_add(device_rows, device);
	}
	row->device = engine_parse_array(parse, device_rows, &row->n_device);
	count = MIN(json_length(requests), LIMIT_LIST_MEMBERS);
	for (size_t i = 0; i < count; i++) {
		const struct json *entry = json_at(requests, i);
		Plimsoll__DeviceRequest *request =
			engine_parse_row(parse, &plimsoll__device_request__descriptor);

		request->driver = engine_parse_text(parse, json_get(entry, "Driver"));
		TAKE_INTEGER(request, count, json_get(entry, "Count"));
		g_ptr_array_add(request_rows, request);
	}
	row->device_request = engine_parse_array(parse, request_rows, &row->n_device_request);
}

/* ---------------------------------------------------------------- scalars */

/* "" = the labels were seen, this one is not among them. */
static char *label_value(struct engine_parse *parse, const struct json *labels, const char *name)
{
	const struct json *value = json_get(labels, name);

	if (labels == NULL)
		return NULL;
	return value == NULL ? arena_strdup(parse->arena, "") : engine_parse_text(parse, value);
}

static void take_config(struct engine_parse *parse, const struct json *config,
			Plimsoll__Container *row)
{
	const struct json *labels = json_get(config, "Labels");

	row->image_ref = engine_parse_text(parse, json_get(config, "Image"));
	row->user = engine_parse_text(parse, json_get(config, "User"));
	row->health_test0 = engine_parse_health(parse, config);
	row->service_id = label_value(parse, labels, label_service);
	row->compose_project = label_value(parse, labels, label_project);
	row->compose_service = label_value(parse, labels, label_compose_service);
	row->label_name = engine_parse_keys(parse, labels, &row->n_label_name);
	row->env_name = engine_parse_env(parse, json_get(config, "Env"), &row->n_env_name);
	row->exposed_port =
		engine_parse_keys(parse, json_get(config, "ExposedPorts"), &row->n_exposed_port);
}

static void take_modes(struct engine_parse *parse, const struct json *host,
		       Plimsoll__Container *row)
{
	row->net_mode = engine_parse_text(parse, json_get(host, "NetworkMode"));
	row->pid_mode = engine_parse_text(parse, json_get(host, "PidMode"));
	row->ipc_mode = engine_parse_text(parse, json_get(host, "IpcMode"));
	row->uts_mode = engine_parse_text(parse, json_get(host, "UTSMode"));
	row->userns_mode = engine_parse_text(parse, json_get(host, "UsernsMode"));
	row->cgroupns_mode = engine_parse_text(parse, json_get(host, "CgroupnsMode"));
}

static void take_resources(struct engine_parse *parse, const struct json *host,
			   Plimsoll__Container *row)
{
	TAKE_INTEGER(row, memory, json_get(host, "Memory"));
	TAKE_INTEGER(row, cpu_shares, json_get(host, "CpuShares"));
	TAKE_INTEGER(row, nano_cpus, json_get(host, "NanoCpus"));
	TAKE_INTEGER(row, cpu_quota, json_get(host, "CpuQuota"));
	TAKE_INTEGER(row, pids_limit, json_get(host, "PidsLimit"));
	row->cpuset_cpus = engine_parse_text(parse, json_get(host, "CpusetCpus"));
	row->cgroup_parent = engine_parse_text(parse, json_get(host, "CgroupParent"));
}

static void take_host_config(struct engine_parse *parse, const struct json *host,
			     Plimsoll__Container *row)
{
	const struct json *rules = json_get(host, "DeviceCgroupRules");

	TAKE_BOOLEAN(row, privileged, json_get(host, "Privileged"));
	TAKE_BOOLEAN(row, readonly_rootfs, json_get(host, "ReadonlyRootfs"));
	TAKE_BOOLEAN(row, publish_all, json_get(host, "PublishAllPorts"));
	row->cap_add = engine_parse_texts(parse, json_get(host, "CapAdd"), "HostConfig.CapAdd",
					  false, &row->n_cap_add);
	row->cap_drop = engine_parse_texts(parse, json_get(host, "CapDrop"), "HostConfig.CapDrop",
					   false, &row->n_cap_drop);
	row->sec_opt = engine_secopt_take(parse, json_get(host, "SecurityOpt"), &row->n_sec_opt);
	take_modes(parse, host, row);
	take_resources(parse, host, row);
	row->runtime = engine_parse_text(parse, json_get(host, "Runtime"));
	row->log_type = engine_parse_text(parse, json_path(host, "LogConfig.Type"));
	row->restart_name = engine_parse_text(parse, json_path(host, "RestartPolicy.Name"));
	TAKE_INTEGER(row, restart_max, json_path(host, "RestartPolicy.MaximumRetryCount"));
	take_ulimits(parse, json_get(host, "Ulimits"), row);
	take_devices(parse, host, row);
	if (rules != NULL)
		row->device_cgroup_rule =
			engine_parse_texts(parse, rules, "HostConfig.DeviceCgroupRules", false,
					   &row->n_device_cgroup_rule);
}

static void take_state(struct engine_parse *parse, const struct json *root,
		       Plimsoll__Container *row, Plimsoll__ContainerState *state)
{
	const char *status = json_as_string(json_path(root, "State.Status"), NULL);

	if (status != NULL)
		row->state = engine_parse_copy(parse, status, strlen(status));
	TAKE_INTEGER(row, pid, json_path(root, "State.Pid"));
	state->health_status = engine_parse_text(parse, json_path(root, "State.Health.Status"));
	TAKE_TIME(state, started_at, json_path(root, "State.StartedAt"));
	TAKE_TIME(state, finished_at, json_path(root, "State.FinishedAt"));
	state->has_exec_count = true;
	state->exec_count = (int64_t)json_length(json_get(root, "ExecIDs"));
}

void engine_container_inspect(struct engine_parse *parse, const struct json *root,
			      Plimsoll__Container *row, Plimsoll__ContainerState *state)
{
	const char *id = json_as_string(json_get(root, "Id"), NULL);
	const char *name = json_as_string(json_get(root, "Name"), NULL);

	if (g_strcmp0(id, row->id) != 0) {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "the answer is not about this container");
		return;
	}
	state->id = row->id;
	if (name != NULL)
		row->name = engine_parse_copy(parse, name + (name[0] == '/' ? 1 : 0),
					      strlen(name) - (name[0] == '/' ? 1 : 0));
	TAKE_TIME(row, created, json_get(root, "Created"));
	row->image_id = engine_parse_text(parse, json_get(root, "Image"));
	row->apparmor_profile = engine_parse_text(parse, json_get(root, "AppArmorProfile"));
	row->process_label = engine_parse_text(parse, json_get(root, "ProcessLabel"));
	row->mount_label = engine_parse_text(parse, json_get(root, "MountLabel"));
	take_state(parse, root, row, state);
	take_config(parse, json_get(root, "Config"), row);
	take_host_config(parse, json_get(root, "HostConfig"), row);
	take_mounts(parse, json_get(root, "Mounts"), row);
	take_ports(parse, root, row);
	take_networks(parse, json_path(root, "NetworkSettings.Networks"), row);
}
