/* SPDX-License-Identifier: Apache-2.0 */
/* See scan_output.h. */
#include "server/cli/scan_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "server/cli/cli.h"
#include "server/cli/files.h"
#include "server/cli/scan_table.h"
#include "server/cli/terminal.h"

enum { STEM_BYTES = 100, MARK_CHARS = 10 };

/* One -o. */
struct sink {
	const struct audit_output *asked;
	char *dir;  /* a file for each machine; NULL: one document */
	FILE *file; /* a document that grows; NULL: none, or the table */
	guint64 n;  /* members written */
	bool is_array;
	bool is_broken;
};

struct scan_output {
	const struct scan_options *options;
	struct sink *sinks;
	guint n_sinks;
};

char *scan_output_file_name(const char *target, const char *extension)
{
	g_autofree char *stem = g_strndup(target, STEM_BYTES);
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, target, -1);
	bool is_changed = strlen(target) > STEM_BYTES;

	for (char *at = stem; *at != '\0'; at++) {
		if (g_ascii_isalnum(*at) || *at == '-' || *at == '_' || (*at == '.' && at != stem))
			continue;
		*at = '_';
		is_changed = true;
	}
	if (is_changed)
		return g_strdup_printf("%s-%.*s.%s", stem, MARK_CHARS, sum, extension);
	return g_strdup_printf("%s.%s", stem, extension);
}

/* --- opening --- */

static bool make_dir(const char *dir)
{
	struct stat now;

	if (g_mkdir_with_parents(dir, 0777) == 0 && stat(dir, &now) == 0 && S_ISDIR(now.st_mode))
		return true;
	cli_say("scan", "cannot make the folder '%s': %s", dir, g_strerror(errno));
	return false;
}

static bool is_dir(const char *path)
{
	return path != NULL &&
	       (g_str_has_suffix(path, "/") || g_file_test(path, G_FILE_TEST_IS_DIR));
}

static bool is_of_many(const struct format *format)
{
	return strcmp(format->name, "json") == 0 || strcmp(format->name, "ndjson") == 0;
}

/* --store and the like of secrets do not come here: a report is what its reader may hand on. */
static FILE *open_file(const char *path, bool is_resumed)
{
	const int fd = open(
		path, O_WRONLY | O_CREAT | O_CLOEXEC | (is_resumed ? O_APPEND : O_TRUNC), 0666);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (file == NULL) {
		cli_say("scan", "cannot write '%s': %s", path, g_strerror(errno));
		if (fd >= 0)
			(void)close(fd);
	}
	return file;
}

static bool open_document(struct sink *sink, bool is_resumed)
{
	const char *path = sink->asked->path;

	sink->is_array = strcmp(sink->asked->format->name, "json") == 0;
	sink->file = path != NULL ? open_file(path, is_resumed) : stdout;
	return sink->file != NULL;
}

static bool open_sink(struct sink *sink, const struct scan_options *options, bool is_resumed,
		      int *ret_exit)
{
	const struct format *format = sink->asked->format;
	const bool is_table = strcmp(format->name, "table") == 0;

	*ret_exit = CLI_IO;
	if (is_dir(sink->asked->path) || (!is_table && !is_of_many(format))) {
		sink->dir = g_strdup(sink->asked->path);
		return make_dir(sink->dir);
	}
	if (is_table)
		return true;
	/* Before the first run, not when there is something to lose. */
	if (options->resume_path != NULL && strcmp(format->name, "json") == 0) {
		*ret_exit = cli_usage("scan", "--resume: -o json is one document, which no later "
					      "run can go on with: use -o ndjson, or a folder");
		return false;
	}
	return open_document(sink, is_resumed);
}

struct scan_output *scan_output_open(const struct scan_options *options, bool is_resumed,
				     int *ret_exit)
{
	PLIMSOLL_AUTO(scan_output) *output = g_new0(struct scan_output, 1);
	const struct audit_options *audit = &options->audit;

	output->options = options;
	output->sinks = g_new0(struct sink, audit->n_outputs);
	for (; output->n_sinks < audit->n_outputs; output->n_sinks++) {
		struct sink *sink = &output->sinks[output->n_sinks];

		sink->asked = &audit->outputs[output->n_sinks];
		if (!open_sink(sink, options, is_resumed, ret_exit))
			return NULL;
	}
	if (options->save_facts_dir != NULL && !make_dir(options->save_facts_dir)) {
		*ret_exit = CLI_IO;
		return NULL;
	}
	return g_steal_pointer(&output);
}

void scan_output_close(struct scan_output *output)
{
	if (output == NULL)
		return;
	for (guint i = 0; i < output->options->audit.n_outputs; i++) {
		struct sink *sink = &output->sinks[i];

		g_free(sink->dir);
		if (sink->file != NULL && sink->file != stdout)
			(void)fclose(sink->file);
	}
	g_free(output->sinks);
	g_free(output);
}

/* --- one machine --- */

static struct json *new_labels(const struct ssh_target *target)
{
	struct json *labels = json_array_new();

	for (guint i = 0; target->labels != NULL && target->labels[i] != NULL; i++)
		json_append(labels, json_new_string(target->labels[i]));
	return labels;
}

static struct json *new_host_key(const struct scan_row *row)
{
	struct json *key = NULL;

	if (row->fingerprint == NULL)
		return json_new_null();
	key = json_object_new();
	json_set(key, "type", json_new_string(row->key_type));
	json_set(key, "fingerprint", json_new_string(row->fingerprint));
	return key;
}

/* "audited": whole; "partial": audited, and reason says what is missing; "failed". */
static const char *status_of(const struct scan_row *row)
{
	if (!row->is_audited)
		return "failed";
	return row->reason != NULL ? "partial" : "audited";
}

/* Whether the Engine that answered was seen to be of the machine whose files were read. */
static void write_same_machine(struct json_writer *writer, const struct report *report)
{
	const Plimsoll__Snapshot *snapshot = report == NULL ? NULL : report->facts->snapshot;
	const bool is_said = snapshot != NULL && snapshot->has_host_matches_engine;

	json_write_value(writer, "same_machine",
			 is_said ? json_new_boolean(snapshot->host_matches_engine)
				 : json_new_null());
	json_write_value(writer, "same_machine_reason",
			 json_new_string(is_said ? snapshot->host_mismatch : NULL));
}

static void write_member(GString *text, const struct sink *sink, const struct scan_row *row,
			 const struct ssh_target *target, const struct report *report,
			 const struct format_style *style)
{
	PLIMSOLL_AUTO(json_writer) *writer = json_writer_new(text, sink->is_array);

	json_write_begin(writer, NULL, JSON_KIND_OBJECT);
	json_write_value(writer, "target", json_new_string(row->name));
	json_write_value(writer, "labels", new_labels(target));
	json_write_value(writer, "status", json_new_string(status_of(row)));
	json_write_value(writer, "reason",
			 json_new_string(row->reason != NULL ? row->reason->id : NULL));
	json_write_value(writer, "message", json_new_string(row->message));
	json_write_value(writer, "transport", json_new_string(row->transport));
	json_write_value(writer, "transport_reason", json_new_string(row->transport_reason));
	json_write_value(writer, "engine_way", json_new_string(row->engine_way));
	write_same_machine(writer, report);
	json_write_value(writer, "host_key", new_host_key(row));
	json_write_value(writer, "wall_ms", json_new_integer(row->wall_us / 1000));
	if (report != NULL)
		format_json_write_member(writer, "audit", report, style->show_all);
	else
		json_write_value(writer, "audit", json_new_null());
	json_write_end(writer);
}

static bool say_broken(struct sink *sink)
{
	if (!sink->is_broken)
		cli_say("scan", "cannot write '%s': %s",
			sink->asked->path != NULL ? sink->asked->path : "standard output",
			g_strerror(errno));
	sink->is_broken = true;
	return false;
}

static bool append(struct sink *sink, const GString *text)
{
	if (fwrite(text->str, 1, text->len, sink->file) == text->len && fflush(sink->file) == 0)
		return true;
	return say_broken(sink);
}

static bool put_member(struct sink *sink, const struct scan_row *row,
		       const struct ssh_target *target, const struct report *report,
		       const struct format_style *style)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (sink->is_array)
		g_string_append(text, sink->n == 0 ? "[\n" : ",\n");
	write_member(text, sink, row, target, report, style);
	if (!sink->is_array)
		g_string_append_c(text, '\n');
	sink->n++;
	return append(sink, text);
}

static const char *extension_of(const struct format *format)
{
	static const struct {
		const char *name, *extension;
	} known[] = {{"html", "html"},
		     {"json", "json"},
		     {"docker-bench-json", "json"},
		     {"ndjson", "ndjson"}};

	for (guint i = 0; i < G_N_ELEMENTS(known); i++)
		if (strcmp(format->name, known[i].name) == 0)
			return known[i].extension;
	return "txt";
}

static bool put_file(const struct sink *sink, const struct scan_row *row,
		     const struct report *report, const struct format_style *style)
{
	g_autofree char *name = scan_output_file_name(row->name, extension_of(sink->asked->format));
	g_autofree char *path = g_build_filename(sink->dir, name, NULL);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	sink->asked->format->write(text, report, style);
	if (files_write(path, text->str, text->len, &error))
		return true;
	cli_say("scan", "%s", error->message);
	return false;
}

bool scan_output_save_facts(const struct scan_options *options, const char *name,
			    const struct collection *collection)
{
	g_autofree char *file = scan_output_file_name(name, "json");
	g_autofree char *path = g_build_filename(options->save_facts_dir, file, NULL);
	g_autofree char *text = facts_json_write(collection);
	g_autoptr(GError) error = NULL;

	if (make_dir(options->save_facts_dir) &&
	    files_write_private(path, text, strlen(text), &error))
		return true;
	if (error != NULL)
		cli_say("scan", "%s", error->message);
	return false;
}

bool scan_output_put(struct scan_output *output, const struct scan_row *row,
		     const struct ssh_target *target, const struct report *report,
		     const struct collection *collection)
{
	const struct scan_options *options = output->options;
	bool is_done = true;

	for (guint i = 0; i < output->n_sinks; i++) {
		struct sink *sink = &output->sinks[i];
		const struct format_style style =
			terminal_style(&options->audit, sink->dir == NULL && sink->file == NULL);

		if (sink->file != NULL)
			is_done = put_member(sink, row, target, report, &style) && is_done;
		else if (sink->dir != NULL && report != NULL)
			is_done = put_file(sink, row, report, &style) && is_done;
	}
	if (options->save_facts_dir != NULL && collection != NULL)
		is_done = scan_output_save_facts(options, row->name, collection) && is_done;
	return is_done;
}

/* --- the end --- */

static bool end_document(struct sink *sink)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (sink->is_array)
		g_string_append(text, sink->n == 0 ? "[]\n" : "\n]\n");
	return append(sink, text);
}

static bool write_table(const struct scan_output *output, const struct audit_output *asked,
			const GPtrArray *rows)
{
	const struct format_style style =
		terminal_style(&output->options->audit, asked->path == NULL);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	scan_table_write(text, rows, &style);
	if (asked->path == NULL)
		return cli_write_stdout("scan", text->str, text->len);
	if (files_write(asked->path, text->str, text->len, &error))
		return true;
	cli_say("scan", "%s", error->message);
	return false;
}

bool scan_output_end(struct scan_output *output, const GPtrArray *rows)
{
	bool is_done = true;

	for (guint i = 0; i < output->n_sinks; i++) {
		struct sink *sink = &output->sinks[i];

		if (sink->file != NULL)
			is_done = end_document(sink) && is_done;
		else if (sink->dir == NULL)
			is_done = write_table(output, sink->asked, rows) && is_done;
	}
	return is_done;
}
