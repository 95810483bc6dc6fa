/* SPDX-License-Identifier: Apache-2.0 */
/* Labels for people, ids for machines, and keys that survive redeploys. */
#include "checks/subject.h"

#include <string.h>

#include "checks/reason.h"

static bool is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static const char *or_dash(const char *text)
{
	return is_set(text) ? text : "-";
}

/* ---- containers ---- */

/* Tasks are called SERVICE.SLOT.ID or SERVICE.NODE.ID; names of services have no dot. */
static const char *task_service(const Plimsoll__Container *container, struct arena *arena)
{
	const char *dot = container->name != NULL ? strchr(container->name, '.') : NULL;

	if (dot == NULL)
		return arena_printf(arena, "service:%s", container->service_id);
	return arena_printf(arena, "service:%.*s", (int)MIN(dot - container->name, 255),
			    container->name);
}

/*
 * Anybody can give a container the labels of another one's service, nobody its name: so the name
 * takes part, as the number that Compose put into it or, where it is another one, as a whole. The
 * engine allows neither '/' nor '=' in names.
 */
static const char *compose_key(const Plimsoll__Container *container, const char *name,
			       struct arena *arena)
{
	const char *project = container->compose_project;
	const char *service = container->compose_service;
	g_autofree char *prefix = g_strdup_printf("%s-%s-", project, service);
	const char *number = g_str_has_prefix(name, prefix) ? name + strlen(prefix) : "";

	if (number[0] != '\0' && number[strspn(number, "0123456789")] == '\0')
		return arena_printf(arena, "compose:%s/%s/%s", project, service, number);
	return arena_printf(arena, "compose:%s/%s=%s", project, service, name);
}

static const char *container_key(const Plimsoll__Container *container, struct arena *arena)
{
	const char *name = is_set(container->name) ? container->name : or_dash(container->id);

	if (is_set(container->compose_project) && is_set(container->compose_service))
		return compose_key(container, name, arena);
	if (is_set(container->service_id))
		return task_service(container, arena);
	return arena_printf(arena, "name:%s", name);
}

static void describe_container(const Plimsoll__Facts *facts, size_t ord, struct arena *arena,
			       struct item *item)
{
	const Plimsoll__Container *container = facts->container[ord];
	const char *name = is_set(container->name) ? container->name : or_dash(container->id);
	bool plain = !is_set(container->state) || strcmp(container->state, "running") == 0;

	item->subject_id = arena_strdup(arena, container->id);
	item->subject_key = container_key(container, arena);
	item->note = container->has_is_agent && container->is_agent ? "plimsoll agent" : NULL;
	item->label = plain ? arena_strdup(arena, name)
			    : arena_printf(arena, "%s [%s]", name, container->state);
}

static const char *inspect_problem(const char *what, const char *id, bool has_status,
				   Plimsoll__Fetch__Status status, const char *detail,
				   struct arena *arena)
{
	Plimsoll__Fetch fetch = PLIMSOLL__FETCH__INIT;
	char *source = NULL;

	if (has_status && status == PLIMSOLL__FETCH__STATUS__OK)
		return NULL;
	source = arena_printf(arena, "%s of %s", what, or_dash(id));
	fetch.source = source;
	fetch.has_status = true;
	fetch.status = status;
	fetch.detail = detail != NULL ? arena_strdup(arena, detail) : NULL;
	if (!has_status)
		return arena_printf(arena, "UK|%s was not seen", source);
	return reason_of_fetch(arena, &fetch);
}

static const char *container_problem(const Plimsoll__Facts *facts, size_t ord, bool reads_history,
				     struct arena *arena)
{
	const Plimsoll__Container *container = facts->container[ord];

	(void)reads_history;
	return inspect_problem("inspect", container->name, container->has_inspect_status,
			       container->inspect_status, container->inspect_detail, arena);
}

/* ---- images ---- */

/* "registry:5000/a/b:tag" and "registry/a@sha256:..." without tag and digest. */
static char *repository_of(struct arena *arena, const char *reference)
{
	size_t length = strcspn(reference, "@");
	const char *slash = memrchr(reference, '/', length);
	const char *name = slash != NULL ? slash : reference;
	const char *colon = memchr(name, ':', length - (size_t)(name - reference));

	return arena_strndup(arena, reference,
			     colon != NULL ? (size_t)(colon - reference) : length);
}

static const char *short_id(struct arena *arena, const char *id)
{
	enum { DIGITS = 12 };
	const char *digits = or_dash(id);

	if (g_str_has_prefix(digits, "sha256:"))
		digits += strlen("sha256:");
	return arena_printf(arena, "sha256:%.*s", DIGITS, digits);
}

static const char *smallest(char *const *texts, size_t n)
{
	const char *found = n > 0 ? texts[0] : NULL;

	for (size_t i = 1; i < n; i++)
		if (strcmp(texts[i], found) < 0)
			found = texts[i];
	return found;
}

static void describe_image(const Plimsoll__Facts *facts, size_t ord, struct arena *arena,
			   struct item *item)
{
	const Plimsoll__Image *image = facts->image[ord];
	const char *tag = smallest(image->repo_tag, image->n_repo_tag);
	const char *digest = smallest(image->repo_digest, image->n_repo_digest);
	const char *name = tag != NULL ? tag : digest;

	item->subject_id = arena_strdup(arena, image->id);
	if (image->n_repo_tag > 1)
		item->label = arena_printf(arena, "%s (+%zu)", tag, image->n_repo_tag - 1);
	else
		item->label = name != NULL ? arena_strdup(arena, name) : short_id(arena, image->id);
	item->subject_key =
		name != NULL ? arena_printf(arena, "repository:%s", repository_of(arena, name))
			     : arena_strdup(arena, or_dash(image->id));
}

static const char *image_problem(const Plimsoll__Facts *facts, size_t ord, bool reads_history,
				 struct arena *arena)
{
	const Plimsoll__Image *image = facts->image[ord];
	const char *name = smallest(image->repo_tag, image->n_repo_tag);
	const char *problem = NULL;

	name = name != NULL ? name : short_id(arena, image->id);
	/* The image is there, its configuration is not: an index without this platform. One that is
	 * gone has no row. */
	if (image->has_inspect_status && image->inspect_status == PLIMSOLL__FETCH__STATUS__ABSENT)
		return arena_printf(arena, "UK|%s",
				    image->inspect_detail != NULL ? image->inspect_detail
								  : "its inspection shows nothing");
	problem = inspect_problem("inspect", name, image->has_inspect_status, image->inspect_status,
				  image->inspect_detail, arena);
	if (problem == NULL && reads_history)
		problem = inspect_problem("history", name, image->has_history_status,
					  image->history_status, image->history_detail, arena);
	return problem;
}

/* ---- files ---- */

/* Roles that name one file of a host; of the others there may be several, told apart by path. */
static bool is_single_role(const Plimsoll__File *file)
{
	static const Plimsoll__File__Role roles[] = {
		PLIMSOLL__FILE__ROLE__DOCKER_SERVICE,    PLIMSOLL__FILE__ROLE__DOCKER_SOCKET_UNIT,
		PLIMSOLL__FILE__ROLE__DAEMON_JSON,       PLIMSOLL__FILE__ROLE__DEFAULT_DOCKER,
		PLIMSOLL__FILE__ROLE__SYSCONFIG_DOCKER,  PLIMSOLL__FILE__ROLE__TLS_CA,
		PLIMSOLL__FILE__ROLE__TLS_CERT,          PLIMSOLL__FILE__ROLE__TLS_KEY,
		PLIMSOLL__FILE__ROLE__CONTAINERD_SOCKET, PLIMSOLL__FILE__ROLE__CONTAINERD_CONFIG,
		PLIMSOLL__FILE__ROLE__RUN_CONTAINERD,    PLIMSOLL__FILE__ROLE__DATA_ROOT,
		PLIMSOLL__FILE__ROLE__CONTAINERD_ROOT,
	};

	for (size_t i = 0; i < G_N_ELEMENTS(roles); i++)
		if (file->has_role && file->role == roles[i])
			return true;
	return false;
}

static void describe_file(const Plimsoll__Facts *facts, size_t ord, struct arena *arena,
			  struct item *item)
{
	const Plimsoll__File *file = facts->file[ord];
	const ProtobufCEnumValue *role =
		file->has_role ? protobuf_c_enum_descriptor_get_value(
					 &plimsoll__file__role__descriptor, (int)file->role)
			       : NULL;
	g_autofree char *key = role != NULL ? g_ascii_strdown(role->name, -1) : g_strdup("file");

	item->subject_id = arena_strdup(arena, file->path);
	item->subject_key = arena_strdup(arena, key);
	item->label = arena_strdup(arena, or_dash(file->path));
	if (!is_single_role(file))
		item->discriminator = item->label;
}

const char *subject_file_reason(const Plimsoll__File *file, struct arena *arena)
{
	const char *path = or_dash(file->path);

	if (!file->has_status)
		return NULL;
	switch (file->status) {
	case PLIMSOLL__FILE__STATUS__ABSENT:
		return arena_printf(arena, "NA_ABSENT|%s", path);
	case PLIMSOLL__FILE__STATUS__PERMISSION:
		return arena_printf(arena, "UK_PERM|%s", path);
	case PLIMSOLL__FILE__STATUS__DANGLING:
		return arena_printf(arena, "UK|%s is a link to nothing", path);
	case PLIMSOLL__FILE__STATUS__ERROR:
		return arena_printf(arena, "UK|%s could not be looked at", path);
	case PLIMSOLL__FILE__STATUS__NOT_TRIED:
		return arena_printf(arena, "UK|%s was not looked at", path);
	case PLIMSOLL__FILE__STATUS__OK:
	case _PLIMSOLL__FILE__STATUS_IS_INT_SIZE:
	default:
		return NULL;
	}
}

/* ---- the others ---- */

static void describe_network(const Plimsoll__Facts *facts, size_t ord, struct arena *arena,
			     struct item *item)
{
	const Plimsoll__Network *network = facts->network[ord];

	item->subject_id = arena_strdup(arena, network->id);
	item->label = arena_strdup(arena, or_dash(network->name));
	item->subject_key = arena_printf(arena, "name:%s", item->label);
}

static void describe_service(const Plimsoll__Facts *facts, size_t ord, struct arena *arena,
			     struct item *item)
{
	const Plimsoll__Service *service = facts->service[ord];

	item->subject_id = arena_strdup(arena, service->id);
	item->label = arena_strdup(arena, or_dash(service->name));
	item->subject_key = arena_printf(arena, "service:%s", item->label);
}

static void describe_node(const Plimsoll__Facts *facts, size_t ord, struct arena *arena,
			  struct item *item)
{
	const Plimsoll__Node *node = facts->node[ord];

	item->subject_id = arena_strdup(arena, node->id);
	item->label = arena_strdup(arena, or_dash(node->hostname));
	item->subject_key = arena_printf(arena, "node:%s", or_dash(node->id));
}

static void describe_cluster(const Plimsoll__Facts *facts, size_t ord, struct arena *arena,
			     struct item *item)
{
	(void)ord;
	item->subject_id =
		facts->engine != NULL ? arena_strdup(arena, facts->engine->cluster_id) : NULL;
	item->label = "cluster";
	item->subject_key = "cluster";
}

static void describe_daemon(const Plimsoll__Facts *facts, size_t ord, struct arena *arena,
			    struct item *item)
{
	(void)facts;
	(void)ord;
	(void)arena;
	item->subject_id = "dockerd";
	item->label = "dockerd";
	item->subject_key = "dockerd";
}

static void describe_host(const Plimsoll__Facts *facts, size_t ord, struct arena *arena,
			  struct item *item)
{
	const Plimsoll__Snapshot *snapshot = facts->snapshot;

	(void)ord;
	item->subject_id = snapshot != NULL ? arena_strdup(arena, snapshot->host_id) : NULL;
	item->label = snapshot != NULL && is_set(snapshot->hostname)
			      ? arena_strdup(arena, snapshot->hostname)
			      : "host";
	item->subject_key = "host";
}

static const struct subject_kind kinds[SUBJECT_KINDS] = {
	{"container", "container", false, "NA_NO_CONTAINERS", describe_container,
	 container_problem},
	{"image", "image", false, "NA_NO_IMAGES", describe_image, image_problem},
	{"network", "network", false, "NA|no such network", describe_network, NULL},
	{"service", "service", false, "NA|no swarm service", describe_service, NULL},
	{"node", "node", false, "NA_NO_SWARM", describe_node, NULL},
	{"file", "file", false, "NA_ABSENT", describe_file, NULL},
	{"cluster", "engine", true, NULL, describe_cluster, NULL},
	{"daemon", "engine", true, NULL, describe_daemon, NULL},
	{"host", "host", true, NULL, describe_host, NULL},
};

const struct subject_kind *subject_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

unsigned subject_index(const struct subject_kind *kind)
{
	return (unsigned)(kind - kinds);
}

void subject_describe(const struct subject_kind *kind, const Plimsoll__Facts *facts, size_t ord,
		      struct arena *arena, struct item *item)
{
	item->subject = kind->name;
	kind->describe(facts, ord, arena, item);
}

bool subject_is_gone(const struct subject_kind *kind, const Plimsoll__Facts *facts, size_t ord)
{
	if (kind->describe == describe_container)
		return facts->container[ord]->has_inspect_status &&
		       facts->container[ord]->inspect_status == PLIMSOLL__FETCH__STATUS__ABSENT;
	return false;
}
