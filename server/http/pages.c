/* SPDX-License-Identifier: Apache-2.0 */
/* Step 7, server side: counts and rows of one page come from one snapshot. */
#include "server/http/pages.h"

#include <string.h>

#include "proto/limits.h"
#include "proto/wire.h"
#include "server/format/notices.h"
#include "server/report/host_view.h"
#include "server/store/evaluation_blob.h"
#include "server/store/fleet.h"
#include "server/store/identity.h"

enum { MAX_QUERY_CHARS = 256 };

/* Who has no timetable of its own is never late: its age is shown, and at last it is stale. */
static enum freshness scan_freshness(const struct config *config, int64_t age_s)
{
	return age_s > config->scans_stale_after_s ? FRESHNESS_STALE : FRESHNESS_SCANNED;
}

enum freshness pages_freshness(const struct config *config, enum host_source source, int64_t last_s,
			       int64_t now_s)
{
	const int64_t every_s = config->report_every_s;
	const int64_t age_s = now_s - last_s;

	if (source == HOST_RECORDED)
		return FRESHNESS_RECORDED;
	if (last_s == 0)
		return FRESHNESS_WAITING;
	if (source == HOST_AGENTLESS)
		return scan_freshness(config, age_s);
	if (age_s > MAX((int64_t)PAGES_SILENT_S, 4 * every_s))
		return FRESHNESS_SILENT;
	/* one and a half intervals: 90 minutes where agents report hourly */
	return 2 * age_s > 3 * every_s ? FRESHNESS_LATE : FRESHNESS_CURRENT;
}

/* --- the fleet --- */

static int compare_hosts(gconstpointer left, gconstpointer right)
{
	const struct fleet_host *a = *(const struct fleet_host *const *)left;
	const struct fleet_host *b = *(const struct fleet_host *const *)right;

	if (a->critical != b->critical)
		return a->critical < b->critical ? 1 : -1;
	if (a->failing != b->failing)
		return a->failing < b->failing ? 1 : -1;
	/* what could not be looked at is no better than what was */
	if (a->unknown != b->unknown)
		return a->unknown < b->unknown ? 1 : -1;
	if (g_strcmp0(a->name, b->name) != 0)
		return g_strcmp0(a->name, b->name);
	return strcmp(a->id, b->id);
}

static bool contains(const char *text, const char *folded)
{
	g_autofree char *own = text != NULL ? g_utf8_casefold(text, -1) : NULL;

	return own != NULL && strstr(own, folded) != NULL;
}

/* What the reader asked to see of the fleet. */
struct wish {
	char *query;  /* NULL = any */
	char *folded; /* the same without case */
	char *show;   /* NULL = any; one of the words that page.h names */
};

static bool is_found(const struct wish *wish, const struct fleet_host *host)
{
	return wish->folded == NULL || contains(host->name, wish->folded) ||
	       contains(host->id, wish->folded) || contains(host->engine_version, wish->folded) ||
	       contains(host_way_text(host->source, host->transport), wish->folded);
}

static bool is_shown(const struct wish *wish, const struct fleet_host *host,
		     enum freshness freshness)
{
	if (wish->show == NULL)
		return true;
	if (strcmp(wish->show, PAGE_SHOW_CRITICAL) == 0)
		return host->critical > 0;
	return strcmp(wish->show, freshness_text(freshness)) == 0;
}

/* What is counted: a host, or several that look like one machine. */
struct machine {
	bool is_critical;
	enum freshness freshness;
};

/* Nobody's bad state hides behind another's good one. */
static bool is_worse(enum freshness a, enum freshness b)
{
	static const int ranks[FRESHNESSES] = {
		[FRESHNESS_CURRENT] = 0, [FRESHNESS_SCANNED] = 1, [FRESHNESS_RECORDED] = 2,
		[FRESHNESS_LATE] = 3,    [FRESHNESS_STALE] = 4,   [FRESHNESS_WAITING] = 5,
		[FRESHNESS_SILENT] = 6,
	};

	return ranks[a] > ranks[b];
}

static void count_host(GHashTable *machines, const struct fleet_host *host,
		       enum freshness freshness)
{
	const void *key = host->looks_like != NULL ? host->looks_like : host;
	struct machine *machine = g_hash_table_lookup(machines, key);

	if (machine == NULL) {
		machine = g_new0(struct machine, 1);
		machine->freshness = freshness;
		g_hash_table_insert(machines, (void *)(guintptr)key, machine);
	}
	machine->is_critical |= host->critical > 0;
	if (is_worse(freshness, machine->freshness))
		machine->freshness = freshness;
}

static void count_machines(struct fleet_view *view, GHashTable *machines)
{
	GHashTableIter iter;
	void *value;

	g_hash_table_iter_init(&iter, machines);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct machine *machine = value;

		view->hosts++;
		view->by_freshness[machine->freshness]++;
		view->with_critical += machine->is_critical;
	}
}

static const char *name_of(const struct fleet_host *host)
{
	return host->name != NULL ? host->name : host->id;
}

static struct fleet_row row_of(const struct fleet_host *host, enum freshness freshness)
{
	return (struct fleet_row){
		.host_id = host->id,
		.name = name_of(host),
		.docker_version = host->engine_version,
		.way = host_way_text(host->source, host->transport),
		.looks_like_id = host->looks_like != NULL ? host->looks_like->id : NULL,
		.looks_like = host->looks_like != NULL ? name_of(host->looks_like) : NULL,
		.freshness = freshness,
		.has_percent = host->has_score && host->denominator > 0,
		.percent = host->denominator > 0 ? 100.0 * host->numerator / host->denominator : 0,
		.coverage_percent =
			host->denominator > 0 ? 100.0 * host->known / host->denominator : 0,
		.critical = host->critical,
		.failing = host->failing,
		.unknown = host->unknown,
		.last_report_s = host->last_report_s,
	};
}

/* "?page=N", from 1. */
static guint first_row(const struct exchange *exchange, guint matching)
{
	g_autofree char *text = exchange_query(exchange, "page");
	guint64 page = 1;
	guint last = matching > 0 ? (matching - 1) / FLEET_PAGE_ROWS : 0;

	if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 1, 1000000, &page, NULL))
		page = 1;
	return MIN((guint)page - 1, last) * FLEET_PAGE_ROWS;
}

static char *read_query(const struct exchange *exchange)
{
	g_autofree char *query = exchange_query(exchange, "q");

	if (query == NULL || *query == '\0' || strlen(query) > MAX_QUERY_CHARS ||
	    !g_utf8_validate(query, -1, NULL))
		return NULL;
	return g_steal_pointer(&query);
}

/* An unknown word shows everything. */
static char *read_show(const struct exchange *exchange)
{
	g_autofree char *show = exchange_query(exchange, "show");

	if (show == NULL || strcmp(show, PAGE_SHOW_CRITICAL) == 0)
		return g_steal_pointer(&show);
	for (guint i = 0; i < FRESHNESSES; i++)
		if (strcmp(show, freshness_text((enum freshness)i)) == 0)
			return g_steal_pointer(&show);
	return NULL;
}

static void wish_read(struct wish *ret_wish, const struct exchange *exchange)
{
	ret_wish->query = read_query(exchange);
	ret_wish->folded = ret_wish->query != NULL ? g_utf8_casefold(ret_wish->query, -1) : NULL;
	ret_wish->show = read_show(exchange);
}

static void wish_done(struct wish *wish)
{
	g_free(wish->query);
	g_free(wish->folded);
	g_free(wish->show);
}

/* Counts every host; rows are those that were asked for. */
static void fill_rows(GArray *rows, struct fleet_view *view, GPtrArray *hosts,
		      const struct wish *wish, const struct config *config)
{
	g_autoptr(GHashTable) machines = g_hash_table_new_full(NULL, NULL, NULL, g_free);

	g_ptr_array_sort(hosts, compare_hosts);
	for (guint i = 0; i < hosts->len; i++) {
		const struct fleet_host *host = g_ptr_array_index(hosts, i);
		enum freshness freshness =
			pages_freshness(config, host->source, host->last_report_s, view->as_of_s);
		struct fleet_row row = row_of(host, freshness);

		count_host(machines, host, freshness);
		if (is_found(wish, host) && is_shown(wish, host, freshness))
			g_array_append_val(rows, row);
	}
	count_machines(view, machines);
	view->lookalikes = hosts->len - view->hosts;
}

GString *pages_fleet(const struct page_frame *frame, const struct exchange *exchange,
		     struct worker *worker, const char *rest, GError **error)
{
	const struct site *site = worker->site;
	g_autoptr(GPtrArray) hosts =
		fleet_list(worker->reader, site->rules.benchmark->name, FLEET_ACTIVE, error);
	g_autofree char *command =
		g_strdup_printf("plimsoll token create --data %s", site->config->data_dir);
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct fleet_row));
	__attribute__((cleanup(wish_done))) struct wish wish = {.query = NULL};
	struct fleet_view view = {
		.benchmark_title = site->rules.benchmark->title,
		.as_of_s = frame->generated_at_s,
		.enroll_command = command,
		.has_search = true,
	};

	(void)rest;
	if (hosts == NULL)
		return NULL;
	wish_read(&wish, exchange);
	view.query = wish.query;
	view.show = wish.show;
	fill_rows(rows, &view, hosts, &wish, site->config);
	view.matching = rows->len;
	view.first = first_row(exchange, rows->len);
	view.rows = rows->len > 0 ? &g_array_index(rows, struct fleet_row, view.first) : NULL;
	view.n_rows = MIN(rows->len - view.first, (guint)FLEET_PAGE_ROWS);
	return page_fleet(frame, &view);
}

/* --- one host --- */

/* What a host page is made from; everything lives in the arena but the evaluation. */
struct snapshot {
	struct arena *arena;
	const struct fleet_engine *engine;
	Plimsoll__Envelope envelope;
	Plimsoll__Facts *facts;
	Plimsoll__Observed *observed;
	struct evaluation *evaluation;
};

static void snapshot_done(struct snapshot *snapshot)
{
	evaluation_free(snapshot->evaluation);
	arena_free(snapshot->arena);
}

static ProtobufCMessage *unpack(GBytes *compressed, const ProtobufCMessageDescriptor *descriptor,
				struct arena *arena, GError **error)
{
	g_autoptr(GBytes) bytes =
		wire_decompress(g_bytes_get_data(compressed, NULL), g_bytes_get_size(compressed),
				LIMIT_REPORT_BYTES, error);

	return bytes != NULL ? wire_unpack(descriptor, g_bytes_get_data(bytes, NULL),
					   g_bytes_get_size(bytes), arena, error)
			     : NULL;
}

static void fill_envelope(struct snapshot *snapshot, GBytes *cost)
{
	Plimsoll__Envelope *envelope = &snapshot->envelope;
	const struct fleet_engine *engine = snapshot->engine;

	plimsoll__envelope__init(envelope);
	envelope->agent_version = arena_strdup(snapshot->arena, engine->agent_version);
	envelope->transport = arena_strdup(snapshot->arena, engine->transport);
	envelope->engine_key = arena_strdup(snapshot->arena, engine->key);
	WIRE_SET(envelope, taken_at, engine->taken_at_s);
	WIRE_SET(envelope, sequence, (uint64_t)engine->sequence);
	/* Only shown; a report without it is whole. */
	if (cost != NULL)
		envelope->cost = (Plimsoll__Cost *)(void *)wire_unpack(
			&plimsoll__cost__descriptor, g_bytes_get_data(cost, NULL),
			g_bytes_get_size(cost), snapshot->arena, NULL);
}

static bool fill_snapshot(struct snapshot *snapshot, const struct fleet_snapshot *stored,
			  const struct catalogue *catalogue, GError **error)
{
	ProtobufCMessage *facts =
		unpack(stored->facts, &plimsoll__facts__descriptor, snapshot->arena, error);
	ProtobufCMessage *observed = NULL;

	if (facts == NULL)
		return false;
	if (stored->observed != NULL) {
		observed = unpack(stored->observed, &plimsoll__observed__descriptor,
				  snapshot->arena, error);
		if (observed == NULL)
			return false;
	}
	snapshot->facts = (Plimsoll__Facts *)(void *)facts;
	snapshot->observed = (Plimsoll__Observed *)(void *)observed;
	snapshot->evaluation = evaluation_blob_read(stored->evaluation, catalogue, error);
	fill_envelope(snapshot, stored->cost);
	return snapshot->evaluation != NULL;
}

/* ret_found false: nothing was reported yet. */
static bool read_snapshot(struct snapshot *snapshot, struct worker *worker, bool *ret_found,
			  GError **error)
{
	struct fleet_snapshot stored;
	bool done;

	if (!fleet_read_snapshot(worker->reader, snapshot->engine->id, &stored, error))
		return false;
	*ret_found = stored.facts != NULL && stored.evaluation != NULL;
	done = !*ret_found ||
	       fill_snapshot(snapshot, &stored, worker->site->rules.catalogue, error);
	fleet_snapshot_done(&stored);
	return done;
}

/* The engine that ?engine= names, else the worst one with a report. */
static const struct fleet_engine *choose_engine(const GPtrArray *engines, const char *key)
{
	const struct fleet_engine *chosen = NULL;

	for (guint i = 0; i < engines->len; i++) {
		const struct fleet_engine *engine = g_ptr_array_index(engines, i);

		if (!engine->has_report)
			continue;
		if (key != NULL && strcmp(engine->key, key) == 0)
			return engine;
		if (chosen == NULL || engine->critical > chosen->critical ||
		    (engine->critical == chosen->critical && engine->failing > chosen->failing))
			chosen = engine;
	}
	return chosen;
}

static const char *by_text(const struct fleet_engine *engine)
{
	if (engine->source == HOST_AGENT)
		return "an agent on the host";
	if (engine->source == HOST_RECORDED)
		return "facts from a file";
	return NULL; /* the transport tells */
}

static bool fill_origin(struct host_origin *ret_origin, const struct snapshot *snapshot,
			struct store *reader, const char *host_id, GError **error)
{
	g_autoptr(GPtrArray) keys = identity_keys(reader, host_id, error);
	struct arena *arena = snapshot->arena;
	const struct known_key *key;

	if (keys == NULL)
		return false;
	*ret_origin = (struct host_origin){.by = by_text(snapshot->engine)};
	if (keys->len == 0)
		return true;
	key = g_ptr_array_index(keys, 0); /* of the newest scan */
	ret_origin->target = arena_strdup(arena, key->target);
	ret_origin->host_key =
		arena_printf(arena, "%s %s", key->type != NULL ? key->type : "", key->fingerprint);
	ret_origin->engine_way = arena_strdup(arena, key->engine_way);
	ret_origin->why = arena_strdup(arena, key->transport_reason);
	return true;
}

static bool fill_relatives(struct host_view *view, struct arena *arena, struct store *reader,
			   const char *host_id, GError **error)
{
	static const char *const words[] = {
		[RELATIVE_PART] = "Merged into this host; its own reports are kept beside:",
		[RELATIVE_WHOLE] = "This is part of the host",
		[RELATIVE_TWIN] = "Says the same of its machine and boot, and may be it:",
	};
	g_autoptr(GPtrArray) found = identity_relatives(reader, host_id, error);
	struct host_relative *relatives;

	if (found == NULL)
		return false;
	relatives = arena_calloc(arena, found->len + 1, sizeof *relatives);
	for (guint i = 0; i < found->len; i++) {
		const struct relative *one = g_ptr_array_index(found, i);

		relatives[i] = (struct host_relative){
			.words = words[one->relation],
			.host_id = arena_strdup(arena, one->id),
			.name = arena_strdup(arena, one->name != NULL ? one->name : one->id),
			.way = host_way_text(one->source, NULL),
		};
	}
	view->relatives = relatives;
	view->n_relatives = found->len;
	return true;
}

static enum freshness engine_freshness(const struct fleet_engine *engine, const struct site *site,
				       int64_t now_s)
{
	return pages_freshness(
		site->config, engine->source,
		engine->source == HOST_AGENT ? engine->received_at_s : engine->taken_at_s, now_s);
}

static GString *write_host(const struct page_frame *frame, struct snapshot *snapshot,
			   struct worker *worker, const char *host_id, GError **error)
{
	const struct site *site = worker->site;
	struct score score;
	struct host_view view;
	struct host_origin origin;
	const struct host_view_input input = {
		.origin = &origin,
		.envelope = &snapshot->envelope,
		.facts = snapshot->facts,
		.evaluation = snapshot->evaluation,
		.benchmark = site->rules.benchmark,
		.score = &score,
	};

	if (!fill_origin(&origin, snapshot, worker->reader, host_id, error))
		return NULL;
	score_compute(snapshot->evaluation, site->rules.benchmark, &score);
	host_view_init(&view, &input, snapshot->arena);
	if (!fill_relatives(&view, snapshot->arena, worker->reader, host_id, error))
		return NULL;
	view.freshness = engine_freshness(snapshot->engine, site, frame->generated_at_s);
	view.notices = notices_of(snapshot->facts, snapshot->observed, snapshot->evaluation,
				  snapshot->arena, &view.n_notices);
	return page_host(frame, &view);
}

static GString *write_waiting(const struct page_frame *frame, const char *host_id,
			      const struct exchange *exchange)
{
	(void)host_id;
	return page_message(frame, 200, "No report yet",
			    "This host is enrolled and has not reported yet.", exchange->id);
}

GString *pages_host(const struct page_frame *frame, const struct exchange *exchange,
		    struct worker *worker, const char *rest, GError **error)
{
	bool known = false;
	bool found = false;
	g_autofree char *key = exchange_query(exchange, "engine");
	g_autoptr(GPtrArray) engines = NULL;
	struct snapshot snapshot = {.arena = NULL};
	GString *page = NULL;

	if (!fleet_has_host(worker->reader, rest, &known, error) || !known)
		return NULL;
	engines = fleet_engines(worker->reader, rest, worker->site->rules.benchmark->name, error);
	if (engines == NULL)
		return NULL;
	snapshot.engine = choose_engine(engines, key);
	if (snapshot.engine == NULL)
		return write_waiting(frame, rest, exchange);
	snapshot.arena = arena_new(SIZE_MAX);
	if (read_snapshot(&snapshot, worker, &found, error))
		page = found ? write_host(frame, &snapshot, worker, rest, error)
			     : write_waiting(frame, rest, exchange);
	snapshot_done(&snapshot);
	return page;
}

/* --- one check --- */

static const struct benchmark_entry *find_entry(const struct benchmark *benchmark,
						const struct check *check)
{
	for (guint i = 0; i < benchmark->n_entries; i++)
		if (benchmark->entries[i].check == check)
			return &benchmark->entries[i];
	return NULL;
}

GString *pages_check(const struct page_frame *frame, const struct exchange *exchange,
		     struct worker *worker, const char *rest, GError **error)
{
	const struct catalogue *catalogue = worker->site->rules.catalogue;
	const struct check *check = catalogue_find(catalogue, rest);
	guint n = 0;
	const struct benchmark *benchmarks = catalogue_benchmarks(catalogue, &n);
	g_autofree struct check_number *numbers = g_new0(struct check_number, n + 1);
	struct check_page page = {.check = check, .numbers = numbers};

	(void)exchange;
	(void)error;
	if (check == NULL)
		return NULL;
	for (guint i = 0; i < n; i++) {
		const struct benchmark_entry *entry = find_entry(&benchmarks[i], check);

		if (entry != NULL)
			numbers[page.n_numbers++] =
				(struct check_number){benchmarks[i].title, entry};
	}
	return page_check(frame, &page);
}
