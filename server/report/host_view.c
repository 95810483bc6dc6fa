/* SPDX-License-Identifier: Apache-2.0 */
/* See host_view.h. */
#include "server/report/host_view.h"

#include <string.h>

enum { MAX_IDENTITY = 18 };

struct strip {
	struct page_fact *facts;
	guint n;
};

static void add(struct strip *strip, const char *term, const char *value)
{
	g_assert(strip->n < MAX_IDENTITY);
	if (value != NULL && *value != '\0')
		strip->facts[strip->n++] = (struct page_fact){.term = term, .value = value};
}

guint host_view_items(const struct result *result)
{
	guint n = 0;

	for (guint i = 0; i < VERDICT_COUNT; i++)
		n += result->counts[i];
	return n;
}

const char *host_view_detail(const struct item *item)
{
	return g_strcmp0(item->discriminator, item->label) == 0 ? NULL : item->discriminator;
}

const char *host_view_name(const Plimsoll__Envelope *envelope, const Plimsoll__Facts *facts)
{
	if (envelope != NULL && envelope->hostname != NULL)
		return envelope->hostname;
	if (facts->snapshot != NULL && facts->snapshot->hostname != NULL)
		return facts->snapshot->hostname;
	return "this host";
}

const char *host_view_engine(const Plimsoll__Facts *facts, struct arena *arena)
{
	const Plimsoll__Engine *engine = facts->engine;
	const char *kind = "Docker";

	if (engine == NULL || engine->version == NULL)
		return NULL;
	if (engine->has_kind && engine->kind == PLIMSOLL__ENGINE__KIND__PODMAN)
		kind = "Podman";
	return arena_printf(arena, "%s %s%s", kind, engine->version,
			    engine->has_rootless && engine->rootless ? ", rootless" : "");
}

static const char *os_name(const Plimsoll__Facts *facts, struct arena *arena)
{
	if (facts->engine != NULL && facts->engine->operating_system != NULL)
		return facts->engine->operating_system;
	if (facts->host == NULL || facts->host->os_id == NULL)
		return NULL;
	return arena_printf(arena, "%s %s", facts->host->os_id,
			    facts->host->os_version != NULL ? facts->host->os_version : "");
}

static const char *kernel_name(const Plimsoll__Facts *facts)
{
	if (facts->engine != NULL && facts->engine->kernel != NULL)
		return facts->engine->kernel;
	return facts->host != NULL ? facts->host->kernel : NULL;
}

static const char *milliseconds(const Plimsoll__Envelope *envelope, struct arena *arena)
{
	if (envelope == NULL || envelope->cost == NULL || !envelope->cost->has_wall_us)
		return NULL;
	return arena_printf(arena, "%" G_GINT64_FORMAT " ms", envelope->cost->wall_us / 1000);
}

/* Only when the Engine told: nothing seen is not the same as none there. */
static const char *amount(const Plimsoll__Facts *facts, size_t n, struct arena *arena)
{
	if (facts->engine == NULL || facts->engine->version == NULL)
		return NULL;
	return arena_printf(arena, "%zu", n);
}

static bool is_ssh(const Plimsoll__Envelope *envelope)
{
	return envelope != NULL && envelope->transport != NULL &&
	       g_str_has_prefix(envelope->transport, "ssh-");
}

/* Whether files, processes and the engine's answers are of one machine (RULES 0.3). */
static const char *one_machine(const struct host_view_input *input, struct arena *arena)
{
	const Plimsoll__Snapshot *snapshot = input->facts->snapshot;
	const Plimsoll__Engine *engine = input->facts->engine;

	if (snapshot == NULL || engine == NULL || engine->version == NULL)
		return NULL; /* no answer that could be of another machine */
	if (!snapshot->has_host_matches_engine)
		return "not established to be of one machine";
	if (!snapshot->host_matches_engine)
		return arena_printf(arena, "of two machines%s%s",
				    snapshot->host_mismatch != NULL ? ": " : "",
				    snapshot->host_mismatch != NULL ? snapshot->host_mismatch : "");
	return is_ssh(input->envelope)
		       ? "of one machine: both by one SSH connection, and the socket leads to "
			 "the engine there"
		       : "of one machine: the socket leads to the engine there";
}

/* Without a server the transport says it; an audit of this machine needs no words. */
static const char *seen_by(const struct host_view_input *input)
{
	if (input->origin != NULL && input->origin->by != NULL)
		return input->origin->by;
	if (!is_ssh(input->envelope))
		return NULL;
	return strcmp(input->envelope->transport, "ssh-openssh") == 0 ? "SSH, by the OpenSSH client"
								      : "SSH, by libssh2";
}

static void fill_origin(struct strip *strip, const struct host_view_input *input,
			struct arena *arena)
{
	static const struct host_origin unknown;
	const struct host_origin *origin = input->origin != NULL ? input->origin : &unknown;

	add(strip, "Seen by", seen_by(input));
	add(strip, "Because", origin->why);
	add(strip, "Target", origin->target);
	add(strip, "Host key", origin->host_key);
	add(strip, "Engine reached by", origin->engine_way);
	add(strip, "Engine and files", one_machine(input, arena));
}

static void fill_identity(struct strip *strip, const struct host_view_input *input,
			  struct arena *arena)
{
	const Plimsoll__Envelope *envelope = input->envelope;
	const Plimsoll__Facts *facts = input->facts;
	const Plimsoll__Engine *engine = facts->engine;

	add(strip, "Engine", host_view_engine(facts, arena));
	add(strip, "API", engine != NULL ? engine->api_version : NULL);
	add(strip, "Endpoint", facts->snapshot != NULL ? facts->snapshot->endpoint : NULL);
	add(strip, "Operating system", os_name(facts, arena));
	add(strip, "Kernel", kernel_name(facts));
	add(strip, "Swarm", engine != NULL ? engine->swarm_state : NULL);
	add(strip, "Containers", amount(facts, facts->n_container, arena));
	add(strip, "Images", amount(facts, facts->n_image, arena));
	add(strip, "Agent", envelope != NULL ? envelope->agent_version : NULL);
	add(strip, "Collected in", milliseconds(envelope, arena));
	fill_origin(strip, input, arena);
}

const char *host_view_fix(const struct check *check, const Plimsoll__Facts *facts)
{
	bool is_rootless = facts != NULL && facts->engine != NULL && facts->engine->has_rootless &&
			   facts->engine->rootless;

	return is_rootless && check->fix_rootless != NULL ? check->fix_rootless : check->fix;
}

static void fill_checks(struct host_view *view, const struct host_view_input *input,
			struct arena *arena)
{
	const struct benchmark *benchmark = input->benchmark;
	struct check_view *checks = arena_calloc(arena, benchmark->n_entries + 1, sizeof(*checks));

	for (guint i = 0; i < benchmark->n_entries; i++) {
		const struct benchmark_entry *entry = &benchmark->entries[i];
		const struct result *result = evaluation_find(input->evaluation, entry);

		if (result != NULL)
			checks[view->n_checks++] = (struct check_view){
				.entry = entry,
				.result = result,
				.fix = host_view_fix(result->check, input->facts),
			};
	}
	view->checks = checks;
}

void host_view_init(struct host_view *view, const struct host_view_input *input,
		    struct arena *arena)
{
	struct strip strip = {
		.facts = arena_calloc(arena, MAX_IDENTITY, sizeof(struct page_fact)),
	};

	fill_identity(&strip, input, arena);
	*view = (struct host_view){
		.name = host_view_name(input->envelope, input->facts),
		.freshness = FRESHNESS_CURRENT,
		.taken_at_s = input->envelope != NULL ? input->envelope->taken_at : 0,
		.benchmark_title = input->benchmark->title,
		.n_benchmark = input->benchmark->n_entries,
		.identity = strip.facts,
		.n_identity = strip.n,
		.score = input->score,
	};
	fill_checks(view, input, arena);
}
