/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See intake.h. Facts are filed under their hash over the bytes as received; a hash alone resolves
 * only within its host and engine.
 */
#include "server/intake.h"

#include <string.h>

#include "proto/limits.h"
#include "server/store/evaluation_blob.h"
#include "server/store/fleet.h"
#include "server/store/result_digest.h"
#include "server/store/sha256.h"

/* Another benchmark asks for other checks: what was judged by the one before is judged again. */
static char *rules_hash(const struct intake_rules *rules)
{
	g_autofree char *catalogue = catalogue_hash(rules->catalogue);
	g_autofree char *text = g_strdup_printf("%s %s", catalogue, rules->benchmark->name);

	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

bool intake_rules_load(const struct config *config, struct intake_rules *ret_rules, GError **error)
{
	*ret_rules = (struct intake_rules){.catalogue = catalogue_new(config->checks_dir, error),
					   .parameters = config->parameters,
					   .common = parameters_for(config->parameters, NULL)};
	if (ret_rules->catalogue == NULL)
		return false;
	ret_rules->benchmark = catalogue_benchmark(ret_rules->catalogue, config->benchmark);
	if (ret_rules->benchmark == NULL) {
		g_set_error(error, CONFIG_ERROR, 0, "'%s': [server] benchmark: no benchmark '%s'",
			    config->path, config->benchmark);
		return false;
	}
	ret_rules->catalogue_hash = rules_hash(ret_rules);
	return true;
}

static bool is_asked_for(const struct check *check, const struct check_variant *variant, void *data)
{
	return benchmark_asks_for(data, check, variant);
}

struct evaluator *intake_evaluator_new(const struct intake_rules *rules, GError **error)
{
	return evaluator_new_for(rules->catalogue, is_asked_for,
				 (gpointer)(uintptr_t)rules->benchmark, error);
}

void intake_rules_done(struct intake_rules *rules)
{
	g_clear_pointer(&rules->catalogue, catalogue_free);
	g_clear_pointer(&rules->catalogue_hash, g_free);
	g_clear_pointer(&rules->common, parameter_values_free);
}

struct intake *intake_new(const struct intake_rules *rules, const char *host_id,
			  int64_t received_at_s)
{
	struct intake *intake = g_new0(struct intake, 1);

	intake->rules = rules;
	intake->arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
	intake->as_of_s = received_at_s;
	intake->input = (struct report_input){
		.host_id = host_id,
		.received_at_s = received_at_s,
		.catalogue_hash = rules->catalogue_hash,
		.parameters_hash = rules->common->hash,
	};
	return intake;
}

void intake_free(struct intake *intake)
{
	if (intake == NULL)
		return;
	g_clear_pointer(&intake->input.facts_zstd, g_bytes_unref);
	g_clear_pointer(&intake->input.observed_zstd, g_bytes_unref);
	g_clear_pointer(&intake->input.evaluation_zstd, g_bytes_unref);
	g_clear_pointer(&intake->input.digests, g_bytes_unref);
	parameter_values_free(intake->own);
	evaluation_free(intake->evaluation);
	arena_free(intake->arena);
	g_clear_pointer(&intake->raw, g_bytes_unref);
	g_free(intake);
}

/* --- what came --- */

static bool refuse_malformed(const char *why, GError **error)
{
	g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_MALFORMED, why);
	return false;
}

bool intake_is_engine_key(const char *key)
{
	static const char *const kinds[] = {"rootful", "rootless", "podman"};
	size_t kind = strcspn(key, ":");

	if (strlen(key) > INTAKE_ENGINE_KEY_CHARS)
		return false;
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const char *user = key + kind;

		if (strlen(kinds[i]) != kind || memcmp(kinds[i], key, kind) != 0)
			continue;
		if (*user == '\0')
			return true;
		user++;
		return i > 0 && *user != '\0' && user[strspn(user, "0123456789")] == '\0';
	}
	return false;
}

static bool is_short(const char *text)
{
	return text == NULL || strlen(text) <= INTAKE_NAME_CHARS;
}

static bool check_envelope(const Plimsoll__Envelope *envelope, GError **error)
{
	if (envelope == NULL)
		return refuse_malformed("the report has no envelope", error);
	if (envelope->engine_key == NULL || !intake_is_engine_key(envelope->engine_key))
		return refuse_malformed("envelope: no valid engine_key", error);
	if (!envelope->has_sequence || envelope->sequence > INT64_MAX)
		return refuse_malformed("envelope: no valid sequence", error);
	if (!envelope->has_taken_at || envelope->taken_at < 0 ||
	    envelope->taken_at > UINT32_MAX) /* the year 2106 */
		return refuse_malformed("envelope: no valid taken_at", error);
	if (!envelope->has_facts_sha256 || envelope->facts_sha256.len != WIRE_SHA256_BYTES)
		return refuse_malformed("envelope: no valid facts_sha256", error);
	if (!is_short(envelope->agent_version) || !is_short(envelope->transport) ||
	    !is_short(envelope->hostname) || !is_short(envelope->cluster_id))
		return refuse_malformed("envelope: a name is too long", error);
	return true;
}

static bool unpack_facts(struct intake *intake, const void *data, size_t size, GError **error)
{
	uint8_t digest[WIRE_SHA256_BYTES];

	sha256_of(data, size, digest);
	if (memcmp(digest, intake->report->envelope->facts_sha256.data, sizeof digest) != 0)
		return refuse_malformed("the facts do not have the hash of the envelope", error);
	intake->input.facts = wire_unpack_facts(data, size, intake->arena, error);
	return intake->input.facts != NULL;
}

static bool unpack_observed(struct intake *intake, GError **error)
{
	const Plimsoll__Report *report = intake->report;

	if (!report->has_observed)
		return true;
	intake->observed = wire_unpack_observed(report->observed.data, report->observed.len,
						intake->arena, error);
	if (intake->observed == NULL)
		return false;
	intake->input.observed_zstd = wire_compress(report->observed.data, report->observed.len);
	return true;
}

bool intake_read(struct intake *intake, GBytes *raw, GError **error)
{
	const Plimsoll__Report *report;

	intake->raw = g_bytes_ref(raw);
	intake->report = wire_unpack_report(g_bytes_get_data(raw, NULL), g_bytes_get_size(raw),
					    intake->arena, error);
	if (intake->report == NULL || !check_envelope(intake->report->envelope, error) ||
	    !unpack_observed(intake, error))
		return false;
	report = intake->report;
	intake->input.envelope = report->envelope;
	if (!report->has_facts)
		return true;
	if (!unpack_facts(intake, report->facts.data, report->facts.len, error))
		return false;
	intake->input.facts_zstd = wire_compress(report->facts.data, report->facts.len);
	return true;
}

/* --- judging --- */

/* Whether the newest stored evaluation says what a new one would say. */
static bool is_judged_already(const struct intake *intake, const struct report_state *state)
{
	const struct report_input *input = &intake->input;

	return state->known && (int64_t)input->envelope->sequence > state->sequence &&
	       memcmp(state->facts_sha256, input->envelope->facts_sha256.data,
		      sizeof state->facts_sha256) == 0 &&
	       strcmp(state->catalogue_hash, input->catalogue_hash) == 0 &&
	       strcmp(state->parameters_hash, input->parameters_hash) == 0 &&
	       input->received_at_s - state->evaluated_at_s < INTAKE_EVALUATION_LIFE_S;
}

/* The facts that the store holds under this hash, for this host and engine. ret_found false: none.
 */
static bool load_facts(struct intake *intake, struct store *reader, bool *ret_found, GError **error)
{
	const Plimsoll__Envelope *envelope = intake->input.envelope;
	g_autoptr(GBytes) body = NULL;
	g_autoptr(GBytes) facts = NULL;

	*ret_found = false;
	if (!reports_find_facts(reader, intake->input.host_id, envelope->engine_key,
				envelope->facts_sha256.data, &body, error))
		return false;
	if (body == NULL)
		return true;
	facts = wire_decompress(g_bytes_get_data(body, NULL), g_bytes_get_size(body),
				LIMIT_REPORT_BYTES, error);
	*ret_found = facts != NULL && unpack_facts(intake, g_bytes_get_data(facts, NULL),
						   g_bytes_get_size(facts), error);
	return *ret_found;
}

static bool judge(struct intake *intake, struct evaluator *evaluator, GError **error)
{
	struct report_input *input = &intake->input;
	const struct evaluate_input snapshot = {
		.facts = input->facts,
		.observed = intake->observed,
		.parameters = &(intake->own != NULL ? intake->own : intake->rules->common)->message,
		.schema = input->envelope->has_schema ? input->envelope->schema : 0,
		.as_of_s = intake->as_of_s,
		.taken_at_s = input->envelope->taken_at,
	};

	intake->evaluation = evaluator_run(evaluator, &snapshot, NULL, NULL, error);
	if (intake->evaluation == NULL)
		return false;
	score_compute(intake->evaluation, intake->rules->benchmark, &intake->score);
	input->evaluation = intake->evaluation;
	input->evaluation_zstd = evaluation_blob_write(intake->evaluation);
	input->digests = result_digests(intake->evaluation);
	input->score = &intake->score;
	input->benchmark = intake->rules->benchmark->name;
	return true;
}

/* Labels are asked for only where a parameter depends on them. */
static bool find_parameters(struct intake *intake, struct store *reader, GError **error)
{
	g_autoptr(GHashTable) labels = NULL;

	if (!parameters_want_labels(intake->rules->parameters))
		return true;
	labels = fleet_labels(reader, intake->input.host_id, error);
	if (labels == NULL)
		return false;
	intake->own = parameters_for(intake->rules->parameters, labels);
	intake->input.parameters_hash = intake->own->hash;
	return true;
}

bool intake_judge(struct intake *intake, struct store *reader, struct evaluator *evaluator,
		  bool *ret_ready, GError **error)
{
	struct report_state state;

	*ret_ready = true;
	if (!find_parameters(intake, reader, error) ||
	    !reports_find_state(reader, intake->input.host_id, intake->input.envelope->engine_key,
				&state, error))
		return false;
	if (is_judged_already(intake, &state))
		return true;
	if (intake->input.facts == NULL) {
		if (!load_facts(intake, reader, ret_ready, error))
			return false;
		if (!*ret_ready)
			return true;
	}
	return judge(intake, evaluator, error);
}
