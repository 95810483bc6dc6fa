/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See hosts_import.h. Saved facts are packed into a report and taken in as one from an agent would
 * be: the same limits, the same verdicts, the same rows.
 */
#include "server/cli/hosts_import.h"

#include <string.h>

#include "proto/facts_json.h"
#include "server/cli/cli.h"
#include "server/cli/files.h"
#include "server/cli/site.h"
#include "server/intake.h"
#include "server/store/access.h"

static char transport[] = "recorded";

struct import {
	struct store *store;
	struct intake_rules rules;
	struct evaluator *evaluator;
	char *actor;
};

/* --- one file, as a report --- */

static const char *either(const char *first, const char *second)
{
	return first != NULL && *first != '\0' ? first : second;
}

/*
 * The id that this host has in every import: its own identity, hashed into a UUID (version 8), so
 * that it can be no id which an enrolled host was given (version 4).
 */
static char *derive_host_id(const struct collection *collection, GError **error)
{
	const Plimsoll__Snapshot *snapshot = collection->facts->snapshot;
	const char *name = snapshot != NULL ? either(snapshot->host_id, snapshot->hostname) : NULL;
	g_autofree char *text = g_strconcat("recorded\n", name, NULL);
	uint8_t digest[WIRE_SHA256_BYTES];
	g_autofree char *hex = NULL;

	if (name == NULL || *name == '\0') {
		g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_MALFORMED,
				    "facts.snapshot: neither host_id nor hostname says whose facts "
				    "these are");
		return NULL;
	}
	wire_sha256(text, strlen(text), digest);
	digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80);
	digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
	hex = wire_hex(digest, sizeof digest);
	return g_strdup_printf("%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
			       hex + 20);
}

/* Borrows for packing, which only reads; protobuf-c has no const. */
static ProtobufCBinaryData borrow(GBytes *bytes)
{
	gsize size = 0;
	const void *data = g_bytes_get_data(bytes, &size);

	return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(guintptr)data};
}

/*
 * The collection as its agent would have sent it. The moment of collection is the sequence number:
 * the same file is the same report, and older facts stay behind newer ones.
 */
static GBytes *pack_report(const struct collection *collection)
{
	g_autoptr(GBytes) facts = wire_pack(&collection->facts->base);
	g_autoptr(GBytes) observed =
		collection->observed != NULL ? wire_pack(&collection->observed->base) : NULL;
	Plimsoll__Envelope envelope = PLIMSOLL__ENVELOPE__INIT;
	Plimsoll__Report report = PLIMSOLL__REPORT__INIT;
	uint8_t digest[WIRE_SHA256_BYTES];

	if (collection->envelope != NULL)
		envelope = *collection->envelope;
	wire_sha256(g_bytes_get_data(facts, NULL), g_bytes_get_size(facts), digest);
	WIRE_SET(&envelope, facts_sha256,
		 ((ProtobufCBinaryData){.len = sizeof digest, .data = digest}));
	WIRE_SET(&envelope, sequence, envelope.taken_at > 0 ? (uint64_t)envelope.taken_at : 0);
	envelope.transport = transport;
	report.envelope = &envelope;
	WIRE_SET(&report, facts, borrow(facts));
	if (observed != NULL)
		WIRE_SET(&report, observed, borrow(observed));
	return wire_pack(&report.base);
}

static struct collection *read_file(const char *path, GError **error)
{
	size_t size = 0;
	g_autofree char *text = files_read(path, FILES_FACTS_BYTES, &size, error);
	struct collection *collection = NULL;

	if (text == NULL)
		return NULL;
	collection = facts_json_read(text, size, error);
	if (collection == NULL)
		g_prefix_error(error, "'%s' holds no saved facts: ", path);
	return collection;
}

/* --- into the store --- */

struct put {
	const struct import *import;
	const struct report_input *input;
	struct report_answer answer;
};

static bool put_report(struct store *store, void *data, GError **error)
{
	struct put *put = data;

	return access_add_recorded_host(store, put->input->host_id, put->import->actor,
					put->input->received_at_s, error) &&
	       reports_put(store, put->input, &put->answer, error);
}

/* Verdicts are as of the collection, so that a file gives the same ones on every day. */
static bool judge(const struct import *import, struct intake *intake,
		  const struct collection *collection, GError **error)
{
	g_autoptr(GBytes) raw = pack_report(collection);
	bool ready = false; /* always: the facts are here */

	if (!intake_read(intake, raw, error))
		return false;
	intake->as_of_s = intake->input.envelope->taken_at;
	return intake_judge(intake, import->store, import->evaluator, &ready, error);
}

static const char *outcome_text(enum report_status status)
{
	switch (status) {
	case REPORT_STORED:
		return "imported";
	case REPORT_LATE:
		return "kept as history";
	case REPORT_DUPLICATE:
		return "there already";
	case REPORT_CONFLICT:
	case REPORT_NEED_FACTS:
	default:
		return NULL;
	}
}

static bool import_file(const struct import *import, const char *path, GError **error)
{
	PLIMSOLL_AUTO(collection) *collection = read_file(path, error);
	g_autofree char *host_id = collection != NULL ? derive_host_id(collection, error) : NULL;
	PLIMSOLL_AUTO(intake) *intake =
		host_id != NULL ? intake_new(&import->rules, host_id, site_now_s()) : NULL;
	struct put put = {.import = import};
	g_autofree char *line = NULL;

	if (collection == NULL)
		return false;
	if (intake == NULL || !judge(import, intake, collection, error)) {
		g_prefix_error(error, "'%s': ", path);
		return false;
	}
	put.input = &intake->input;
	if (!store_transact(import->store, put_report, &put, error)) {
		g_prefix_error(error, "'%s': ", path);
		return false;
	}
	if (outcome_text(put.answer.status) == NULL) {
		g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED,
			    "'%s': other facts of this host and moment were imported before", path);
		return false;
	}
	line = g_strdup_printf("%s  %s  %s\n", host_id, outcome_text(put.answer.status), path);
	return cli_write_stdout("hosts", line, strlen(line));
}

static int import_files(const struct import *import, char *const *paths)
{
	int done = CLI_DONE;

	for (; *paths != NULL; paths++) {
		g_autoptr(GError) error = NULL;

		if (import_file(import, *paths, &error))
			continue;
		done = CLI_IO;
		if (error == NULL) /* said already: standard output is gone */
			break;
		cli_say("hosts", "%s", error->message);
	}
	return done;
}

int hosts_import(const struct config *config, struct store *store, char *const *paths)
{
	struct import import = {.store = store};
	g_autoptr(GError) error = NULL;
	int done;

	if (intake_rules_load(config, &import.rules, &error))
		import.evaluator = evaluator_new(import.rules.catalogue, &error);
	import.actor = site_actor();
	done = import.evaluator != NULL ? import_files(&import, paths) : site_fail("hosts", error);
	g_free(import.actor);
	evaluator_free(import.evaluator);
	intake_rules_done(&import.rules);
	return done;
}
