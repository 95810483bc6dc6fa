/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -o json: the whole report for programs. Failing, unknown and manual items are always listed,
 * those that do not apply only when the whole check does not, passing ones with -a; items_total
 * counts them all. Strings are the host's own, escaped by the JSON door.
 */
#include "proto/json.h"
#include "server/format/changes.h"
#include "server/format/moves.h"
#include "server/format/notices.h"
#include "server/report/host_view.h"

enum { JSON_SCHEMA_VERSION = 1 };

static struct json *new_time(int64_t at_s)
{
	g_autoptr(GDateTime) at = at_s == 0 ? NULL : g_date_time_new_from_unix_utc(at_s);
	g_autofree char *text = at == NULL ? NULL : g_date_time_format(at, "%Y-%m-%dT%H:%M:%SZ");

	return json_new_string(text);
}

/* An empty list says nothing when the Engine did not answer. */
static struct json *new_amount(const Plimsoll__Facts *facts, size_t n)
{
	return notices_engine_answered(facts) ? json_new_integer((int64_t)n) : json_new_null();
}

/* Every engine of this host that was found, with the command that audits it. */
static struct json *new_engines(const Plimsoll__Observed *observed)
{
	struct json *engines = json_array_new();

	for (size_t i = 0; observed != NULL && i < observed->n_engine_endpoint; i++) {
		const Plimsoll__EngineEndpoint *found = observed->engine_endpoint[i];
		struct json *engine = json_append(engines, json_object_new());
		g_autofree char *command =
			g_strdup_printf("plimsoll audit --docker-host %s", found->url);

		json_set(engine, "endpoint", json_new_string(found->url));
		json_set(engine, "kind", json_new_string(found->podman ? "podman" : "docker"));
		json_set(engine, "uid",
			 found->has_uid ? json_new_integer(found->uid) : json_new_null());
		json_set(engine, "user", json_new_string(found->user_name));
		json_set(engine, "audited", json_new_boolean(found->asked));
		json_set(engine, "command", json_new_string(command));
	}
	return engines;
}

static struct json *new_host(const struct report *report)
{
	const Plimsoll__Facts *facts = report->facts;
	const Plimsoll__Engine *engine = facts->engine;
	struct json *host = json_object_new();
	struct json *notices;

	json_set(host, "name", json_new_string(host_view_name(report->envelope, facts)));
	json_set(host, "engine_key",
		 json_new_string(report->envelope != NULL ? report->envelope->engine_key : NULL));
	json_set(host, "engine_version", json_new_string(engine != NULL ? engine->version : NULL));
	json_set(host, "api_version", json_new_string(engine != NULL ? engine->api_version : NULL));
	json_set(host, "operating_system",
		 json_new_string(engine != NULL ? engine->operating_system : NULL));
	json_set(host, "kernel", json_new_string(engine != NULL ? engine->kernel : NULL));
	json_set(host, "containers", new_amount(facts, facts->n_container));
	json_set(host, "images", new_amount(facts, facts->n_image));
	json_set(host, "engines", new_engines(report->observed));
	notices = json_set(host, "notices", json_array_new());
	for (guint i = 0; i < report->n_notices; i++)
		json_append(notices, json_new_string(report->notices[i]));
	return host;
}

static double one_decimal(double percent)
{
	return (double)(int64_t)(percent * 10 + 0.5) / 10;
}

static struct json *new_percent(const struct score *score, double percent)
{
	return score->has_percent ? json_new_real(one_decimal(percent)) : json_new_null();
}

/* null: docker-bench-security had no score in this version. */
static struct json *new_docker_bench(const struct score *score)
{
	struct json *value;

	if (!score->has_docker_bench)
		return json_new_null();
	value = json_object_new();
	json_set(value, "checks", json_new_integer(score->docker_bench_checks));
	json_set(value, "score", json_new_integer(score->docker_bench_score));
	json_set(value, "max", json_new_integer(score->docker_bench_max));
	return value;
}

/* {"critical": {"pass": 1, "fail": 0, ...}, ...} */
static struct json *new_severities(const struct score *score)
{
	struct json *value = json_object_new();

	for (guint severity = SEVERITY_COUNT; severity-- > 0;) {
		struct json *counts =
			json_set(value, severity_text((enum severity)severity), json_object_new());

		for (guint i = 0; i < VERDICT_COUNT; i++)
			json_set(counts, verdict_text((enum verdict)i),
				 json_new_integer(score->by_severity[severity][i]));
	}
	return value;
}

static struct json *new_score(const struct score *score)
{
	struct json *value = json_object_new();

	json_set(value, "percent", new_percent(score, score->percent));
	json_set(value, "numerator", json_new_integer(score->numerator));
	json_set(value, "denominator", json_new_integer(score->denominator));
	for (guint i = 0; i < VERDICT_COUNT; i++)
		json_set(value, verdict_text((enum verdict)i), json_new_integer(score->counts[i]));
	json_set(value, "by_severity", new_severities(score));
	json_set(value, "waived", json_new_integer(score->waived));
	json_set(value, "coverage_percent", new_percent(score, score->coverage_percent));
	json_set(value, "docker_bench", new_docker_bench(score));
	return value;
}

/* "UK_PERM: no permission to read /etc/docker": the code for programs, the words for people. */
static struct json *new_reason(const char *reason, const char *reason_text)
{
	g_auto(GStrv) parts = reason == NULL ? NULL : g_strsplit(reason, "|", 2);
	g_autofree char *text = NULL;

	if (parts == NULL || parts[0] == NULL)
		return json_new_string(reason_text);
	if (reason_text == NULL)
		return json_new_string(parts[0]);
	text = g_strdup_printf("%s: %s", parts[0], reason_text);
	return json_new_string(text);
}

/* Several items of one subject are told apart by what follows the label. */
static void write_label(struct json_writer *writer, const struct item *item)
{
	const char *detail = host_view_detail(item);
	g_autofree char *text = NULL;

	if (detail != NULL && item->label != NULL)
		text = g_strdup_printf("%s %s", item->label, detail);
	else
		text = g_strdup(item->label != NULL ? item->label : detail);
	json_write_string(writer, "item", text);
}

static void write_item(struct json_writer *writer, const struct item *item)
{
	json_write_begin(writer, NULL, JSON_KIND_OBJECT);
	json_write_string(writer, "subject", item->subject);
	write_label(writer, item);
	json_write_string(writer, "key",
			  item->subject_key != NULL ? item->subject_key : item->subject_id);
	json_write_string(writer, "discriminator", item->discriminator);
	json_write_string(writer, "verdict", verdict_text(item->verdict));
	json_write_string(writer, "observed", item->observed);
	json_write_string(writer, "expected", item->expected);
	json_write_value(writer, "reason", new_reason(item->reason, item->reason_text));
	json_write_string(writer, "note", item->note);
	json_write_string(writer, "source", item->source);
	json_write_end(writer);
}

static bool is_listed(const struct result *result, const struct item *item, bool show_all)
{
	if (item->verdict == VERDICT_NOT_APPLICABLE)
		return result->verdict == VERDICT_NOT_APPLICABLE || show_all;
	return item->verdict != VERDICT_PASS || show_all;
}

static void write_items(struct json_writer *writer, const struct result *result, bool show_all)
{
	json_write_begin(writer, "items", JSON_KIND_ARRAY);
	for (guint i = 0; i < result->n_items; i++)
		if (is_listed(result, &result->items[i], show_all))
			write_item(writer, &result->items[i]);
	json_write_end(writer);
}

static void write_check(struct json_writer *writer, const struct benchmark_entry *entry,
			const struct result *result, bool show_all)
{
	json_write_begin(writer, NULL, JSON_KIND_OBJECT);
	json_write_string(writer, "id", entry->id);
	json_write_string(writer, "check", result->check->name);
	json_write_string(writer, "title", entry->title);
	json_write_string(writer, "section", entry->section);
	json_write_string(writer, "severity", severity_text(result->check->severity));
	json_write_value(writer, "counts", json_new_boolean(score_counts(result)));
	json_write_value(writer, "docker_bench", json_new_boolean(entry->dbs_score));
	json_write_string(writer, "verdict", verdict_text(result->verdict));
	json_write_value(writer, "reason", new_reason(result->reason, result->reason_text));
	json_write_value(writer, "items_total", json_new_integer(host_view_items(result)));
	write_items(writer, result, show_all);
	json_write_end(writer);
}

static struct json *new_words(const char *const *words)
{
	struct json *value = json_array_new();

	for (guint i = 0; words[i] != NULL; i++)
		json_append(value, json_new_string(words[i]));
	return value;
}

/* {"only": ["5.*"], "severity": ["high"]}; null: nothing was left out. */
static struct json *new_filter(const struct report *report)
{
	struct json *value;

	if (report->n_filters == 0)
		return json_new_null();
	value = json_object_new();
	for (guint i = 0; i < report->n_filters; i++)
		json_set(value, report->filters[i].option, new_words(report->filters[i].words));
	return value;
}

static struct json *new_finding(const struct changed_finding *finding)
{
	struct json *value = json_object_new();

	json_set(value, "change", json_new_string(change_text(finding->change)));
	json_set(value, "check", json_new_string(finding->check));
	json_set(value, "subject", json_new_string(finding->subject));
	json_set(value, "item", json_new_string(finding->item));
	json_set(value, "key", json_new_string(finding->key));
	json_set(value, "discriminator", json_new_string(finding->discriminator));
	return value;
}

/* null: nothing was compared. */
static struct json *new_baseline(const struct changes *changes)
{
	struct json *value = changes != NULL ? json_object_new() : json_new_null();
	struct json *list;

	if (changes == NULL)
		return value;
	json_set(value, "host", json_new_string(changes->host));
	json_set(value, "collected_at", json_new_string(changes->collected_at));
	list = json_set(value, "notes", json_array_new());
	for (guint i = 0; i < changes->n_notes; i++)
		json_append(list, json_new_string(changes->notes[i]));
	for (guint i = 0; i < CHANGE_COUNT; i++)
		json_set(value, change_text((enum change)i), json_new_integer(changes->counts[i]));
	json_set(value, "unlisted", json_new_integer(changes->unlisted));
	list = json_set(value, "findings", json_array_new());
	for (guint i = 0; i < changes->n_findings; i++)
		json_append(list, new_finding(&changes->findings[i]));
	return value;
}

static void write_benchmark(struct json_writer *writer, const struct report *report,
			    const struct report_benchmark *benchmark, bool show_all)
{
	g_autoptr(GPtrArray) entries = report_entries(report, benchmark);

	json_write_begin(writer, NULL, JSON_KIND_OBJECT);
	json_write_value(writer, "name", json_new_string(benchmark->benchmark->name));
	json_write_value(writer, "filtered", json_new_boolean(report->n_filters > 0));
	json_write_value(writer, "filter", new_filter(report));
	json_write_value(writer, "checks_total", json_new_integer(benchmark->benchmark->n_entries));
	json_write_value(writer, "score", new_score(&benchmark->score));
	json_write_begin(writer, "checks", JSON_KIND_ARRAY);
	for (guint i = 0; i < entries->len; i++) {
		const struct benchmark_entry *entry = entries->pdata[i];
		const struct result *result = evaluation_find(report->evaluation, entry);

		write_check(writer, entry, result, show_all);
	}
	json_write_end(writer);
	json_write_end(writer);
}

/* null: the benchmark does not have the check. */
static struct json *new_side(const struct benchmark_entry *entry, const struct result *result)
{
	struct json *value;

	if (entry == NULL)
		return json_new_null();
	value = json_object_new();
	json_set(value, "id", json_new_string(entry->id));
	json_set(value, "variant",
		 json_new_string(entry->variant != NULL ? entry->variant->name : NULL));
	json_set(value, "verdict", json_new_string(verdict_text(result->verdict)));
	return value;
}

static struct json *new_move(const struct move *move)
{
	struct json *value = json_object_new();
	g_autofree char *why = move_why(move);

	json_set(value, "check", json_new_string(move->check->name));
	json_set(value, "from", new_side(move->from, move->was));
	json_set(value, "to", new_side(move->to, move->is));
	json_set(value, "why", json_new_string(why));
	return value;
}

/* What differs between each benchmark and the next; empty with one. */
static struct json *new_moves(const struct report *report)
{
	struct json *list = json_array_new();

	for (guint i = 1; i < report->n_benchmarks; i++) {
		const struct report_benchmark *from = &report->benchmarks[i - 1];
		const struct report_benchmark *to = &report->benchmarks[i];
		g_autoptr(GArray) moves = moves_between(report, from, to);
		struct json *pair = json_append(list, json_object_new());
		struct json *checks;

		json_set(pair, "from", json_new_string(from->benchmark->name));
		json_set(pair, "to", json_new_string(to->benchmark->name));
		json_set(pair, "from_percent", new_percent(&from->score, from->score.percent));
		json_set(pair, "to_percent", new_percent(&to->score, to->score.percent));
		checks = json_set(pair, "checks", json_array_new());
		for (guint k = 0; k < moves->len; k++)
			json_append(checks, new_move(&g_array_index(moves, struct move, k)));
	}
	return list;
}

void format_json_write_member(struct json_writer *writer, const char *key,
			      const struct report *report, bool show_all)
{
	int64_t taken_at_s = report->envelope != NULL ? report->envelope->taken_at : 0;

	json_write_begin(writer, key, JSON_KIND_OBJECT);
	json_write_value(writer, "schema_version", json_new_integer(JSON_SCHEMA_VERSION));
	json_write_value(writer, "host", new_host(report));
	json_write_value(writer, "collected_at", new_time(taken_at_s));
	json_write_value(writer, "baseline", new_baseline(report->changes));
	json_write_begin(writer, "benchmarks", JSON_KIND_ARRAY);
	for (guint i = 0; i < report->n_benchmarks; i++)
		write_benchmark(writer, report, &report->benchmarks[i], show_all);
	json_write_end(writer);
	json_write_value(writer, "moves", new_moves(report));
	json_write_end(writer);
}

static void write_document(GString *out, const struct report *report,
			   const struct format_style *style, bool indented)
{
	PLIMSOLL_AUTO(json_writer) *writer = json_writer_new(out, indented);

	format_json_write_member(writer, NULL, report, style->show_all);
	g_string_append_c(out, '\n');
}

void format_json_write(GString *out, const struct report *report, const struct format_style *style)
{
	write_document(out, report, style, true);
}

void format_ndjson_write(GString *out, const struct report *report,
			 const struct format_style *style)
{
	write_document(out, report, style, false);
}
