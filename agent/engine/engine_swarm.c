/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Swarm: what /info says of the cluster, and the nodes and services of a manager. /swarm is never
 * asked, since its answer holds the join tokens; /info has all that is needed without them.
 */
#include "agent/engine/engine_swarm.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "agent/engine/engine_info.h"
#include "proto/tls.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)

static bool seconds_of(const ASN1_TIME *when, int64_t *ret_seconds)
{
	struct tm parts = {0};

	if (ASN1_TIME_to_tm(when, &parts) != 1)
		return false;
	*ret_seconds = (int64_t)timegm(&parts);
	return true;
}

/* Dates of the swarm's CA; the certificate itself stays here. */
static void take_trust_root(const struct json *value, Plimsoll__Engine *engine)
{
	size_t size = 0;
	const char *pem = json_as_string(value, &size);
	g_autoptr(BIO) bio = NULL;
	g_autoptr(X509) certificate = NULL;

	if (pem == NULL || size > LIMIT_STRING_BYTES)
		return;
	bio = BIO_new_mem_buf(pem, (int)size);
	certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, tls_no_passphrase, NULL);
	if (certificate == NULL)
		return;
	engine->has_ca_not_before =
		seconds_of(X509_get0_notBefore(certificate), &engine->ca_not_before);
	engine->has_ca_not_after =
		seconds_of(X509_get0_notAfter(certificate), &engine->ca_not_after);
}

static void take_cluster(struct engine_parse *parse, const struct json *cluster,
			 Plimsoll__Engine *engine)
{
	const struct json *spec = json_get(cluster, "Spec");
	const struct json *ca = json_get(spec, "CAConfig");

	engine->cluster_id = engine_parse_text(parse, json_get(cluster, "ID"));
	TAKE_TIME(engine, cluster_updated_at, json_get(cluster, "UpdatedAt"));
	TAKE_BOOLEAN(engine, root_rotation, json_get(cluster, "RootRotationInProgress"));
	TAKE_INTEGER(engine, data_path_port, json_get(cluster, "DataPathPort"));
	take_trust_root(json_path(cluster, "TLSInfo.TrustRoot"), engine);
	/* The Engine leaves out what is false or 0. */
	if (json_is(spec, JSON_KIND_OBJECT)) {
		TAKE_BOOLEAN(engine, autolock,
			     json_path(spec, "EncryptionConfig.AutoLockManagers"));
		engine->has_autolock = true;
	}
	TAKE_INTEGER(engine, node_cert_expiry_ns, json_get(ca, "NodeCertExpiry"));
	if (json_is(ca, JSON_KIND_OBJECT)) {
		TAKE_INTEGER(engine, ca_force_rotate, json_get(ca, "ForceRotate"));
		engine->has_ca_force_rotate = true;
	}
}

static int compare_managers(const void *a, const void *b)
{
	const Plimsoll__RemoteManager *left = *(const Plimsoll__RemoteManager *const *)a;
	const Plimsoll__RemoteManager *right = *(const Plimsoll__RemoteManager *const *)b;

	return g_strcmp0(left->node_id, right->node_id);
}

static void take_managers(struct engine_parse *parse, const struct json *list,
			  Plimsoll__Engine *engine)
{
	size_t count = MIN(json_length(list), LIMIT_LIST_MEMBERS);
	g_autoptr(GPtrArray) rows = g_ptr_array_new();

	for (size_t i = 0; i < count; i++) {
		Plimsoll__RemoteManager *row =
			engine_parse_row(parse, &plimsoll__remote_manager__descriptor);

		row->node_id = engine_parse_text(parse, json_get(json_at(list, i), "NodeID"));
		row->addr = engine_parse_text(parse, json_get(json_at(list, i), "Addr"));
		g_ptr_array_add(rows, row);
	}
	g_ptr_array_sort(rows, compare_managers);
	engine->swarm_remote_manager =
		engine_parse_array(parse, rows, &engine->n_swarm_remote_manager);
}

void engine_info_take_swarm(struct engine_parse *parse, const struct json *swarm,
			    Plimsoll__Engine *engine)
{
	engine->swarm_state = engine_parse_text(parse, json_get(swarm, "LocalNodeState"));
	engine->swarm_node_id = engine_parse_text(parse, json_get(swarm, "NodeID"));
	engine->swarm_node_addr = engine_parse_text(parse, json_get(swarm, "NodeAddr"));
	engine->swarm_error = engine_parse_text(parse, json_get(swarm, "Error"));
	TAKE_BOOLEAN(engine, swarm_control, json_get(swarm, "ControlAvailable"));
	TAKE_INTEGER(engine, swarm_nodes, json_get(swarm, "Nodes"));
	TAKE_INTEGER(engine, swarm_managers, json_get(swarm, "Managers"));
	take_managers(parse, json_get(swarm, "RemoteManagers"), engine);
	if (json_is(json_get(swarm, "Cluster"), JSON_KIND_OBJECT))
		take_cluster(parse, json_get(swarm, "Cluster"), engine);
}

/* ---------------------------------------------------------------- nodes */

static char *take_id(struct engine_parse *parse, const struct json *entry)
{
	char *id = engine_parse_text(parse, json_get(entry, "ID"));

	if (id == NULL)
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "an entry of the list has no id");
	return id;
}

void *engine_swarm_node(struct engine_parse *parse, const struct json *entry)
{
	Plimsoll__Node *row = engine_parse_row(parse, &plimsoll__node__descriptor);
	const struct json *description = json_get(entry, "Description");

	row->id = take_id(parse, entry);
	if (row->id == NULL)
		return NULL;
	row->hostname = engine_parse_text(parse, json_get(description, "Hostname"));
	row->role = engine_parse_text(parse, json_path(entry, "Spec.Role"));
	row->availability = engine_parse_text(parse, json_path(entry, "Spec.Availability"));
	row->state = engine_parse_text(parse, json_path(entry, "Status.State"));
	TAKE_BOOLEAN(row, leader, json_path(entry, "ManagerStatus.Leader"));
	row->has_leader = true; /* left out when false */
	row->engine_version =
		engine_parse_text(parse, json_path(description, "Engine.EngineVersion"));
	return row;
}

/* ---------------------------------------------------------------- services */

static char *mode_name(struct engine_parse *parse, const struct json *mode)
{
	static const char *const modes[][2] = {{"Replicated", "replicated"},
					       {"Global", "global"},
					       {"ReplicatedJob", "replicated-job"},
					       {"GlobalJob", "global-job"}};

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++)
		if (json_is(json_get(mode, modes[i][0]), JSON_KIND_OBJECT))
			return arena_strdup(parse->arena, modes[i][1]);
	return NULL;
}

static int compare_ports(const void *a, const void *b)
{
	const Plimsoll__ServicePort *left = *(const Plimsoll__ServicePort *const *)a;
	const Plimsoll__ServicePort *right = *(const Plimsoll__ServicePort *const *)b;
	int order = (left->target > right->target) - (left->target < right->target);

	if (order == 0)
		order = g_strcmp0(left->proto, right->proto);
	return order != 0 ? order
			  : (left->published > right->published) -
				    (left->published < right->published);
}

static void take_ports(struct engine_parse *parse, const struct json *list, Plimsoll__Service *row)
{
	size_t count = MIN(json_length(list), LIMIT_LIST_MEMBERS);
	g_autoptr(GPtrArray) rows = g_ptr_array_new();

	for (size_t i = 0; i < count; i++) {
		const struct json *entry = json_at(list, i);
		Plimsoll__ServicePort *port =
			engine_parse_row(parse, &plimsoll__service_port__descriptor);

		TAKE_INTEGER(port, target, json_get(entry, "TargetPort"));
		TAKE_INTEGER(port, published, json_get(entry, "PublishedPort"));
		port->proto = engine_parse_text(parse, json_get(entry, "Protocol"));
		port->mode = engine_parse_text(parse, json_get(entry, "PublishMode"));
		g_ptr_array_add(rows, port);
	}
	g_ptr_array_sort(rows, compare_ports);
	row->port = engine_parse_array(parse, rows, &row->n_port);
}

static void take_restart_policy(struct engine_parse *parse, const struct json *template,
				Plimsoll__Service *row)
{
	const struct json *policy = json_get(template, "RestartPolicy");

	if (!json_is(template, JSON_KIND_OBJECT))
		return;
	row->restart_condition = engine_parse_text(parse, json_get(policy, "Condition"));
	if (row->restart_condition == NULL && json_get(policy, "Condition") == NULL)
		row->restart_condition = arena_strdup(parse->arena, "");
	TAKE_INTEGER(row, restart_max_attempts, json_get(policy, "MaxAttempts"));
	if (json_get(policy, "MaxAttempts") == NULL)
		row->has_restart_max_attempts = true; /* 0: unlimited */
}

static void take_container_spec(struct engine_parse *parse, const struct json *spec,
				Plimsoll__Service *row)
{
	if (!json_is(spec, JSON_KIND_OBJECT))
		return;
	row->has_secret_refs = row->has_config_refs = true;
	row->secret_refs = (int64_t)json_length(json_get(spec, "Secrets"));
	row->config_refs = (int64_t)json_length(json_get(spec, "Configs"));
	row->env_name = engine_parse_env(parse, json_get(spec, "Env"), &row->n_env_name);
}

void *engine_swarm_service(struct engine_parse *parse, const struct json *entry)
{
	Plimsoll__Service *row = engine_parse_row(parse, &plimsoll__service__descriptor);
	const struct json *spec = json_get(entry, "Spec");
	const struct json *ports = json_path(entry, "Endpoint.Ports");

	row->id = take_id(parse, entry);
	if (row->id == NULL)
		return NULL;
	row->name = engine_parse_text(parse, json_get(spec, "Name"));
	row->mode = mode_name(parse, json_get(spec, "Mode"));
	take_restart_policy(parse, json_get(spec, "TaskTemplate"), row);
	/* Before the ports are allocated, only the wish is there. */
	if (json_length(ports) == 0)
		ports = json_path(spec, "EndpointSpec.Ports");
	take_ports(parse, ports, row);
	take_container_spec(parse, json_path(spec, "TaskTemplate.ContainerSpec"), row);
	return row;
}
