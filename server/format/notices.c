/* SPDX-License-Identifier: Apache-2.0 */
/* See notices.h. */
#include "server/format/notices.h"

#include <string.h>

#include "server/format/remedy.h"

/* Docker's own warnings; the host sends which one, the words are ours. */
static const char *const warning_texts[] = {
	[PLIMSOLL__ENGINE__WARNING__OTHER] = "something that this release has no words for",
	[PLIMSOLL__ENGINE__WARNING__PLAIN_HTTP] =
		"the API is reachable over the network without encryption: root for anybody",
	[PLIMSOLL__ENGINE__WARNING__TLS_WITHOUT_VERIFY] =
		"the API is reachable by network without client certificates: root for anybody",
	[PLIMSOLL__ENGINE__WARNING__NO_MEMORY_LIMIT] = "the kernel has no memory limits",
	[PLIMSOLL__ENGINE__WARNING__NO_SWAP_LIMIT] = "the kernel has no swap limits",
	[PLIMSOLL__ENGINE__WARNING__NO_KERNEL_MEMORY_LIMIT] =
		"the kernel has no limits of kernel memory",
	[PLIMSOLL__ENGINE__WARNING__NO_OOM_KILL_DISABLE] =
		"the kernel cannot switch the OOM killer off per container",
	[PLIMSOLL__ENGINE__WARNING__NO_CPU_CFS_QUOTA] = "the kernel has no CPU quotas",
	[PLIMSOLL__ENGINE__WARNING__NO_CPU_CFS_PERIOD] = "the kernel has no CPU periods",
	[PLIMSOLL__ENGINE__WARNING__NO_CPU_SHARES] = "the kernel has no CPU shares",
	[PLIMSOLL__ENGINE__WARNING__NO_CPUSET] = "the kernel has no CPU sets",
	[PLIMSOLL__ENGINE__WARNING__NO_BLKIO] = "the kernel has no limits of block I/O",
	[PLIMSOLL__ENGINE__WARNING__IPV4_FORWARDING_OFF] = "IPv4 forwarding is off",
	[PLIMSOLL__ENGINE__WARNING__BRIDGE_NF_IPTABLES_OFF] =
		"traffic of bridges does not pass iptables",
	[PLIMSOLL__ENGINE__WARNING__BRIDGE_NF_IP6TABLES_OFF] =
		"traffic of bridges does not pass ip6tables",
	[PLIMSOLL__ENGINE__WARNING__NO_PIDS_LIMIT] = "the kernel has no limits of processes",
	[PLIMSOLL__ENGINE__WARNING__STORAGE_DRIVER_DEPRECATED] = "the storage driver is deprecated",
	[PLIMSOLL__ENGINE__WARNING__LOOPBACK_DEVICES] =
		"the storage driver runs on loopback devices",
	[PLIMSOLL__ENGINE__WARNING__CGROUP_V1] = "cgroup v1 is deprecated",
	[PLIMSOLL__ENGINE__WARNING__NO_D_TYPE] = "the file system below the data root lacks d_type",
	[PLIMSOLL__ENGINE__WARNING__RUNC_V1] = "the runtime shim v1 is deprecated",
};

struct collector {
	struct arena *arena;
	GPtrArray *texts;
};

static void add(struct collector *collector, const char *text)
{
	g_ptr_array_add(collector->texts, (gpointer)(guintptr)text);
}

bool notices_engine_answered(const Plimsoll__Facts *facts)
{
	const Plimsoll__Engine *engine = facts->engine;

	return engine != NULL && (engine->version != NULL || engine->kernel != NULL ||
				  engine->root_dir != NULL || engine->n_component > 0);
}

/* The first request that went wrong, as the reason why the Engine said nothing. */
static const char *api_failure(const Plimsoll__Facts *facts)
{
	for (size_t i = 0; i < facts->n_fetch; i++) {
		const Plimsoll__Fetch *fetch = facts->fetch[i];

		if (fetch->source != NULL && g_str_has_prefix(fetch->source, "GET ") &&
		    fetch->has_status && fetch->status != PLIMSOLL__FETCH__STATUS__OK &&
		    fetch->detail != NULL)
			return fetch->detail;
	}
	return NULL;
}

static bool has_endpoint(const Plimsoll__Snapshot *snapshot, const char *prefix)
{
	return snapshot != NULL && snapshot->endpoint != NULL &&
	       g_str_has_prefix(snapshot->endpoint, prefix);
}

static bool asks_docker_here(const Plimsoll__Snapshot *snapshot)
{
	return has_endpoint(snapshot, "unix://") &&
	       !g_str_has_suffix(snapshot->endpoint, "/podman.sock");
}

static void add_engine(struct collector *collector, const Plimsoll__Facts *facts)
{
	const Plimsoll__Snapshot *snapshot = facts->snapshot;
	const char *why = api_failure(facts);

	if (notices_engine_answered(facts))
		return;
	if (asks_docker_here(snapshot) && snapshot->has_dockerd_installed &&
	    !snapshot->dockerd_installed)
		add(collector, "There is no Docker Engine on this host.");
	else if (why != NULL)
		add(collector,
		    arena_printf(collector->arena, "The Docker Engine did not answer: %s", why));
	else
		add(collector, "The Docker Engine did not answer.");
}

static void add_mismatch(struct collector *collector, const Plimsoll__Facts *facts)
{
	const Plimsoll__Snapshot *snapshot = facts->snapshot;

	if (snapshot == NULL || !snapshot->has_host_matches_engine || snapshot->host_matches_engine)
		return;
	if (has_endpoint(snapshot, "tcp://")) {
		add(collector,
		    "The engine was asked by TCP, which does not show whose files and processes "
		    "are "
		    "its own: what rests on them is unknown. On the engine's own machine it can be "
		    "decided.");
		return;
	}
	add(collector,
	    arena_printf(collector->arena,
			 "The engine runs on another machine than the one whose files "
			 "can be seen here%s%s",
			 snapshot->host_mismatch != NULL ? ": " : ".",
			 snapshot->host_mismatch != NULL ? snapshot->host_mismatch : ""));
}

static const char *owner_of(const struct collector *collector,
			    const Plimsoll__EngineEndpoint *engine)
{
	if (!engine->has_uid || engine->uid == 0)
		return "";
	if (engine->user_name != NULL)
		return arena_printf(collector->arena, " of %s", engine->user_name);
	return arena_printf(collector->arena, " of uid %" G_GINT64_FORMAT, engine->uid);
}

/* What the reader would otherwise take to be audited as well. */
static void add_other_engines(struct collector *collector, const Plimsoll__Observed *observed)
{
	for (size_t i = 0; observed != NULL && i < observed->n_engine_endpoint; i++) {
		const Plimsoll__EngineEndpoint *engine = observed->engine_endpoint[i];

		if (engine->url == NULL || (engine->has_asked && engine->asked))
			continue;
		add(collector, arena_printf(collector->arena,
					    "Another engine on this host is not in this report, "
					    "%s%s: plimsoll audit "
					    "--docker-host %s",
					    engine->podman ? "Podman" : "Docker",
					    owner_of(collector, engine), engine->url));
	}
}

static bool lacks_root(const struct result *result)
{
	if (result->verdict != VERDICT_UNKNOWN)
		return false;
	if (remedy_is_root(result->reason))
		return true;
	for (guint i = 0; i < result->n_items; i++)
		if (remedy_is_root(result->items[i].reason))
			return true;
	return false;
}

/* Once for all checks, instead of once a check: what root would add. */
static void add_root_hint(struct collector *collector, const Plimsoll__Facts *facts,
			  const struct evaluation *evaluation)
{
	const Plimsoll__Snapshot *snapshot = facts->snapshot;
	g_autoptr(GHashTable) all = g_hash_table_new(NULL, NULL);
	g_autoptr(GHashTable) lacking = g_hash_table_new(NULL, NULL);

	if (snapshot == NULL || !snapshot->has_agent_uid || snapshot->agent_uid == 0)
		return;
	for (guint i = 0; i < evaluation->n_results; i++) {
		gpointer check = (gpointer)(guintptr)evaluation->results[i].check;

		g_hash_table_add(all, check);
		if (lacks_root(&evaluation->results[i]))
			g_hash_table_add(lacking, check);
	}
	if (g_hash_table_size(lacking) == 0)
		return;
	add(collector,
	    arena_printf(collector->arena,
			 "Run as uid %" G_GINT64_FORMAT ", not as root: %u of %u checks "
			 "lack what only root may read (the dockerd process, audit "
			 "rules, protected files). As root they can be decided.",
			 snapshot->agent_uid, g_hash_table_size(lacking), g_hash_table_size(all)));
}

static void add_truncated(struct collector *collector, const Plimsoll__Facts *facts)
{
	for (size_t i = 0; i < facts->n_fetch; i++) {
		const Plimsoll__Fetch *fetch = facts->fetch[i];

		if (fetch->has_status && fetch->status == PLIMSOLL__FETCH__STATUS__TRUNCATED)
			add(collector,
			    arena_printf(collector->arena, "Too much to collect: %s (%s)",
					 fetch->source != NULL ? fetch->source : "a source",
					 fetch->detail != NULL ? fetch->detail : "cut"));
	}
}

static const char *warning_text(Plimsoll__Engine__Warning warning)
{
	guint i = (guint)warning;

	if (i >= G_N_ELEMENTS(warning_texts) || warning_texts[i] == NULL)
		i = PLIMSOLL__ENGINE__WARNING__OTHER;
	return warning_texts[i];
}

static void add_warnings(struct collector *collector, const Plimsoll__Facts *facts,
			 const Plimsoll__Observed *observed)
{
	for (size_t i = 0; facts->engine != NULL && i < facts->engine->n_warning; i++)
		add(collector, arena_printf(collector->arena, "Docker warns: %s.",
					    warning_text(facts->engine->warning[i])));
	for (size_t i = 0; observed != NULL && i < observed->n_warning_text; i++)
		add(collector, observed->warning_text[i]);
}

const char *const *notices_of(const Plimsoll__Facts *facts, const Plimsoll__Observed *observed,
			      const struct evaluation *evaluation, struct arena *arena,
			      guint *ret_n)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	struct collector collector = {.arena = arena, .texts = texts};
	const char **copy;

	add_engine(&collector, facts);
	add_mismatch(&collector, facts);
	add_other_engines(&collector, observed);
	add_root_hint(&collector, facts, evaluation);
	add_truncated(&collector, facts);
	add_warnings(&collector, facts, observed);
	copy = arena_calloc(arena, texts->len + 1, sizeof(*copy));
	for (guint i = 0; i < texts->len; i++)
		copy[i] = texts->pdata[i];
	*ret_n = texts->len;
	return copy;
}
