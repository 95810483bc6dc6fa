/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAMESPACE(kind, container) (RULES 0.11): whether a container shares a namespace of the host,
 * itself, through the container that it joins, or as the kernel shows it live.
 */
#include <stdlib.h>

#include "checks/derive/derive_internal.h"

enum { MAX_STEPS = 16 }; /* of container:ID chains; more is a loop */

enum kind { KIND_NET, KIND_PID, KIND_IPC, KIND_UTS, KIND_COUNT };

static const char *const kind_names[KIND_COUNT] = {"net", "pid", "ipc", "uts"};

/* Containers by what "container:X" may hold. */
struct directory {
	const Plimsoll__Container **by_id; /* sorted */
	size_t n;
	GHashTable *by_name;
};

static int compare_ids(const void *a, const void *b)
{
	return strcmp((*(const Plimsoll__Container *const *)a)->id,
		      (*(const Plimsoll__Container *const *)b)->id);
}

static void directory_init(struct derivation *d, struct directory *directory)
{
	directory->by_id =
		arena_calloc(d->arena, MAX(d->facts->n_container, 1u), sizeof(*directory->by_id));
	directory->n = 0;
	directory->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	for (size_t i = 0; i < d->facts->n_container; i++) {
		const Plimsoll__Container *container = d->facts->container[i];

		if (container->id != NULL)
			directory->by_id[directory->n++] = container;
		if (container->name != NULL)
			g_hash_table_insert(directory->by_name, container->name,
					    d->facts->container[i]);
	}
	qsort(directory->by_id, directory->n, sizeof(const Plimsoll__Container *), compare_ids);
}

/* The container whose id begins with prefix, when there is exactly one. */
static const Plimsoll__Container *find_prefix(const struct directory *directory, const char *prefix)
{
	size_t low = 0, high = directory->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(directory->by_id[middle]->id, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == directory->n || !g_str_has_prefix(directory->by_id[low]->id, prefix))
		return NULL;
	if (strcmp(directory->by_id[low]->id, prefix) == 0)
		return directory->by_id[low];
	if (low + 1 < directory->n && g_str_has_prefix(directory->by_id[low + 1]->id, prefix))
		return NULL;
	return directory->by_id[low];
}

static const Plimsoll__Container *find_container(const struct directory *directory,
						 const char *reference)
{
	const Plimsoll__Container *named = g_hash_table_lookup(directory->by_name, reference);
	const Plimsoll__Container *found;

	if (*reference == '\0')
		return NULL;
	found = find_prefix(directory, reference);
	if (named != NULL && (found == NULL || strcmp(found->id, reference) != 0))
		return named;
	return found;
}

static const char *mode_of(const Plimsoll__Container *container, enum kind kind)
{
	switch (kind) {
	case KIND_NET:
		return container->net_mode;
	case KIND_PID:
		return container->pid_mode;
	case KIND_IPC:
		return container->ipc_mode;
	case KIND_UTS:
		return container->uts_mode;
	case KIND_COUNT:
		break;
	}
	return NULL;
}

/* What the configuration says, chains followed. */
struct resolved {
	bool is_host;
	const char *owner; /* first container that is joined; NULL = none */
	struct reason reason;
};

static struct resolved resolve_mode(struct derivation *d, const struct directory *directory,
				    const Plimsoll__Container *container, enum kind kind)
{
	struct resolved resolved = {false, NULL, REASON_OK};
	const char *reference = NULL;

	for (int step = 0; step <= MAX_STEPS; step++) {
		const char *mode = mode_of(container, kind);

		if (mode == NULL) {
			resolved.reason = (struct reason){"UK_API", container->inspect_detail};
			return resolved;
		}
		if (!g_str_has_prefix(mode, "container:")) {
			resolved.is_host = strcmp(mode, "host") == 0;
			return resolved;
		}
		reference = mode + strlen("container:");
		container = find_container(directory, reference);
		if (container == NULL)
			break;
		if (resolved.owner == NULL)
			resolved.owner = container->name != NULL ? container->name : container->id;
	}
	resolved.reason = (struct reason){"UK_GONE_PEER", arena_strdup(d->arena, reference)};
	return resolved;
}

/* --- the kernel's view --- */

static bool inode_of(const Plimsoll__Namespaces *ns, enum kind kind, int64_t *ret_inode)
{
	if (ns == NULL)
		return false;
	switch (kind) {
	case KIND_NET:
		*ret_inode = ns->net;
		return ns->has_net;
	case KIND_PID:
		*ret_inode = ns->pid;
		return ns->has_pid;
	case KIND_IPC:
		*ret_inode = ns->ipc;
		return ns->has_ipc;
	case KIND_UTS:
		*ret_inode = ns->uts;
		return ns->has_uts;
	case KIND_COUNT:
		break;
	}
	return false;
}

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNSEEN };

static enum answer is_of_host(struct derivation *d, const Plimsoll__Namespaces *ns, enum kind kind)
{
	const Plimsoll__Host *host = d->facts->host;
	int64_t inode, first;

	if (derive_host_reason(d).code != NULL || host == NULL ||
	    !inode_of(host->pid1_ns, kind, &first) || !inode_of(ns, kind, &inode))
		return ANSWER_UNSEEN;
	return inode == first ? ANSWER_YES : ANSWER_NO;
}

/* HOSTNS(kind): "host" means dockerd's own namespace; is that the host's? */
static enum answer is_engine_on_host(struct derivation *d, enum kind kind)
{
	const Derived__Place *place = d->out->place;
	enum answer seen = is_of_host(d, d->serving != NULL ? d->serving->ns : NULL, kind);

	if (seen != ANSWER_UNSEEN)
		return seen;
	return place->has_rootless && !place->rootless ? ANSWER_YES : ANSWER_UNSEEN;
}

/* --- verdicts --- */

static void set(struct derivation *d, Derived__ContainerNamespace *row, const char *verdict,
		const char *source)
{
	row->verdict = arena_strdup(d->arena, verdict);
	row->source = arena_strdup(d->arena, source);
}

static void judge(struct derivation *d, Derived__ContainerNamespace *row,
		  const struct resolved *resolved, enum answer live, enum answer engine)
{
	const char *uses = resolved->is_host ? "host" : "its own";

	if (resolved->owner != NULL)
		row->observed = derive_text(d, "joins %s, which uses %s", resolved->owner, uses);
	else
		row->observed = derive_constant(resolved->is_host ? "host" : "own");

	if (live == ANSWER_YES || (resolved->is_host && engine == ANSWER_YES)) {
		set(d, row, "fail", live == ANSWER_YES ? "inspect, /proc/PID/ns" : "inspect");
		if (!resolved->is_host)
			row->observed = derive_constant("host (live)");
	} else if (resolved->is_host && engine == ANSWER_NO) {
		set(d, row, "pass", "inspect, /proc/PID/ns of dockerd");
		row->note = derive_constant("shares the engine's namespace, not the host's");
	} else if (live == ANSWER_NO) {
		set(d, row, "pass", "inspect, /proc/PID/ns");
		if (resolved->reason.code != NULL)
			row->observed = derive_constant("not the host's (live)");
	} else if (resolved->reason.code != NULL) {
		set(d, row, "unknown", "inspect");
		row->reason = derive_reason_text(d, resolved->reason);
		row->observed = NULL;
	} else if (resolved->is_host) {
		set(d, row, "unknown", "inspect");
		row->reason = derive_constant("UK_NO_PROCESS");
	} else {
		set(d, row, "pass", "inspect");
	}
}

void derive_namespaces(struct derivation *d)
{
	struct directory directory;

	directory_init(d, &directory);
	for (size_t i = 0; i < d->facts->n_container; i++) {
		const Plimsoll__Container *container = d->facts->container[i];
		const Plimsoll__Namespaces *ns =
			container->live != NULL ? container->live->ns : NULL;

		for (enum kind kind = KIND_NET; kind < KIND_COUNT; kind++) {
			Derived__ContainerNamespace *row =
				derive_new(d, &derived__container_namespace__descriptor);
			struct resolved resolved = resolve_mode(d, &directory, container, kind);

			WIRE_SET(row, container, (int64_t)i);
			row->kind = arena_strdup(d->arena, kind_names[kind]);
			judge(d, row, &resolved, is_of_host(d, ns, kind),
			      is_engine_on_host(d, kind));
			DERIVE_ADD(d, namespace_, row);
		}
	}
	g_hash_table_unref(directory.by_name);
}
