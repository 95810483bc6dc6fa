/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sweep: each machine is judged, written and forgotten as it comes; its row stays, for the table
 * and the summary. What is done is in the journal, so that the next run goes on from there.
 */
#include <string.h>

#include "server/cli/cli.h"
#include "server/cli/scan_private.h"
#include "server/cli/scan_table.h"
#include "server/cli/terminal.h"
#include "server/inventory/inventory.h"

struct many {
	struct scan *scan;
	GPtrArray *rows;     /* struct scan_row *, one for each entry; NULL: not yet */
	GHashTable *numbers; /* const struct ssh_target * -> its number, and one */
	GPtrArray *to_visit; /* const struct ssh_target * */
	struct scan_output *output;
	struct scan_journal *journal; /* NULL: none */
	guint done, failed, resumed;
	bool is_unstored; /* the machine that is being taken: the next run tries again */
	gint64 began_us;
};

static void free_row(gpointer data)
{
	scan_row_free(data);
}

/* --- a machine that is done --- */

static void show_progress(const struct many *many, const char *name)
{
	g_autofree char *what =
		many->failed > 0
			? g_strdup_printf("machines, %u not reached; last %s", many->failed, name)
			: g_strdup_printf("machines; last %s", name);

	terminal_progress(what, many->done, many->rows->len, NULL);
}

static bool is_out_of_reach(const struct scan_row *row)
{
	return !row->is_audited || row->reason == scan_reason_find(SCAN_REASON_CUT_SHORT);
}

static void remember(struct many *many, const struct scan_row *row)
{
	g_autoptr(GError) error = NULL;

	if (many->journal == NULL || is_out_of_reach(row) || many->is_unstored ||
	    scan_journal_put(many->journal, row, &error))
		return;
	cli_say("scan", "--resume: %s", error->message);
	many->scan->io_failed = true;
}

/* Takes the row. Machines that were not reached, or left early, are tried again by the next run. */
static void put_row(struct many *many, const struct ssh_target *target, struct scan_row *row,
		    const struct report *report)
{
	const guint number = GPOINTER_TO_UINT(g_hash_table_lookup(many->numbers, target)) - 1;
	const struct collection *collection = report != NULL ? many->scan->audit.collection : NULL;

	if (scan_output_put(many->output, row, target, report, collection))
		remember(many, row);
	else
		many->scan->io_failed = true;
	many->done++;
	many->failed += row->is_audited ? 0 : 1;
	show_progress(many, row->name);
	many->rows->pdata[number] = row;
}

/* Takes the row and the collection. */
static void judge(struct many *many, const struct ssh_target *target, struct scan_row *row,
		  struct collection *collection)
{
	struct audit *audit = &many->scan->audit;
	struct gate_outcome outcome = {0};
	struct report report;
	int code = CLI_IO;

	if (!audit_take(audit, collection, &code)) {
		row->reason = scan_reason_find(SCAN_REASON_UNJUDGED);
		many->scan->io_failed = true;
		put_row(many, target, row, NULL);
	} else {
		audit_report(audit, &report);
		gate_judge(&audit->options.gate, &report, NULL, &outcome);
		report.gate = outcome.text;
		scan_row_set_report(row, &report);
		row->gate_failed = outcome.failed;
		row->is_incomplete = outcome.incomplete;
		put_row(many, target, row, &report);
		g_free(outcome.text);
	}
	audit_forget(audit);
}

static void take(struct sweep_result *result, void *data)
{
	struct many *many = data;
	struct scan_row *row = scan_row_new(result->target->name);

	scan_row_set_result(row, result);
	many->is_unstored = !scan_deposit(many->scan, result);
	if (result->collection != NULL)
		judge(many, result->target, row, g_steal_pointer(&result->collection));
	else
		put_row(many, result->target, row, NULL);
}

/* --- what is not gone to --- */

/* A copy, since the journal owns its own. */
static struct scan_row *copy_row(const struct scan_row *row)
{
	PLIMSOLL_AUTO(json) *value = scan_row_to_json(row);

	return scan_row_from_json(value);
}

/* Settings that cannot be obeyed; nothing is sent. */
static void put_trouble(struct many *many, const struct inventory_entry *entry)
{
	struct scan_row *row = scan_row_new(entry->target->name);
	g_autoptr(GError) error =
		g_error_new(SSH_ERROR, SSH_ERROR_CONFIG, "%s: %s", entry->place, entry->trouble);

	row->reason = scan_reason_of_error(error);
	row->message = g_strdup(error->message);
	put_row(many, entry->target, row, NULL);
}

static void begin_entry(struct many *many, guint number, GHashTable *done_before)
{
	const struct inventory_entry *entry = many->scan->entries->pdata[number];
	const struct scan_row *row =
		done_before != NULL ? g_hash_table_lookup(done_before, entry->target->name) : NULL;

	g_hash_table_insert(many->numbers, entry->target, GUINT_TO_POINTER(number + 1));
	if (row != NULL) {
		many->rows->pdata[number] = copy_row(row);
		many->resumed++;
		many->done++;
	} else if (entry->trouble != NULL) {
		put_trouble(many, entry);
	} else {
		g_ptr_array_add(many->to_visit, entry->target);
	}
}

static void fill_interrupted(struct many *many)
{
	const struct scan_reason *reason = scan_reason_find(SCAN_REASON_INTERRUPTED);

	for (guint i = 0; i < many->rows->len; i++) {
		const struct inventory_entry *entry = many->scan->entries->pdata[i];
		struct scan_row *row;

		if (many->rows->pdata[i] != NULL)
			continue;
		row = scan_row_new(entry->target->name);
		row->reason = reason;
		many->rows->pdata[i] = row;
	}
}

/* --- the end --- */

static int exit_of(const struct many *many)
{
	struct gate_outcome outcome = {0};
	bool io_failed = many->scan->io_failed;

	for (guint i = 0; i < many->rows->len; i++) {
		const struct scan_row *row = many->rows->pdata[i];

		io_failed = io_failed || is_out_of_reach(row);
		outcome.failed = outcome.failed || row->gate_failed;
		outcome.incomplete = outcome.incomplete || row->is_incomplete;
	}
	return gate_exit(&outcome, io_failed);
}

/* Beside a table on stdout it stands there; else where it is in nobody's way. */
static bool write_summary(const struct many *many)
{
	const struct audit_options *audit = &many->scan->options.audit;
	const struct scan_totals totals = {.wanted = many->rows->len,
					   .wall_us = g_get_monotonic_time() - many->began_us,
					   .resumed = many->resumed};
	g_autoptr(GString) text = g_string_new(NULL);
	struct format_style style;
	bool is_beside_table = false;

	for (guint i = 0; i < audit->n_outputs; i++)
		is_beside_table =
			is_beside_table || (audit->outputs[i].path == NULL &&
					    strcmp(audit->outputs[i].format->name, "table") == 0);
	style = terminal_style(audit, is_beside_table);
	if (is_beside_table)
		g_string_append_c(text, '\n');
	scan_table_write_summary(text, many->rows, &totals, &style);
	if (is_beside_table)
		return cli_write_stdout("scan", text->str, text->len);
	terminal_say(text->str);
	return true;
}

static int conclude(struct many *many, bool is_whole)
{
	if (!is_whole)
		fill_interrupted(many);
	if (!scan_output_end(many->output, many->rows) || !write_summary(many))
		many->scan->io_failed = true;
	return is_whole ? exit_of(many) : CLI_INTERRUPTED;
}

/* --- what the journal belongs to --- */

static char *digest_of_targets(const GPtrArray *entries)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	for (guint i = 0; i < entries->len; i++) {
		const struct ssh_target *target =
			((const struct inventory_entry *)entries->pdata[i])->target;
		g_autofree char *line = g_strdup_printf(
			"%s\n%s\n%s\n%u\n%s\n%s\n%d%d\n", target->name, target->host,
			target->user != NULL ? target->user : "", target->port,
			target->socket != NULL ? target->socket : "",
			target->key != NULL ? target->key : "", target->has_sudo, target->sudo);

		g_checksum_update(sum, (const guchar *)line, -1);
	}
	return g_strdup(g_checksum_get_string(sum));
}

static void add_list(GString *text, const char *name, char *const *words)
{
	g_string_append_printf(text, "%s:", name);
	for (; words != NULL && *words != NULL; words++)
		g_string_append_printf(text, " %zu %s", strlen(*words), *words);
	g_string_append_c(text, '\n');
}

static char *digest_of_options(const struct scan_options *options)
{
	const struct audit_options *audit = &options->audit;
	g_autoptr(GString) text = g_string_new(PLIMSOLL_VERSION "\n");

	add_list(text, "benchmarks", audit->benchmarks);
	add_list(text, "parameters", audit->parameters);
	add_list(text, "only", audit->only);
	add_list(text, "skip", audit->skip);
	add_list(text, "include", audit->include);
	add_list(text, "exclude", audit->exclude);
	add_list(text, "labels", audit->labels);
	g_string_append_printf(
		text, "%s %d %d %d %d %u %d %d %d %s %d\n",
		audit->config_path != NULL ? audit->config_path : "", (int)audit->min_severity,
		audit->regex, audit->gate.is_set, (int)audit->gate.severity, audit->gate.max_fail,
		audit->gate.allow_unknown, audit->gate.require_complete, options->ssh.sudo,
		options->save_facts_dir != NULL ? options->save_facts_dir : "", options->is_stored);
	for (guint i = 0; i < audit->n_outputs; i++)
		g_string_append_printf(text, "%s %s\n", audit->outputs[i].format->name,
				       audit->outputs[i].path != NULL ? audit->outputs[i].path
								      : "");
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, -1);
}

static bool open_journal(struct many *many, GHashTable **ret_rows, int *ret_exit)
{
	const struct scan_options *options = &many->scan->options;
	g_autofree char *asked = digest_of_options(options);
	g_autofree char *whom = digest_of_targets(many->scan->entries);
	const struct scan_mark mark = {.options = asked, .targets = whom};
	g_autoptr(GError) error = NULL;

	*ret_rows = NULL;
	if (options->resume_path == NULL)
		return true;
	many->journal = scan_journal_open(options->resume_path, &mark, ret_rows, &error);
	if (many->journal != NULL)
		return true;
	cli_say("scan", "--resume: %s", error->message);
	*ret_exit = error->domain == SCAN_JOURNAL_ERROR ? CLI_USAGE : CLI_IO;
	return false;
}

int scan_many(struct scan *scan)
{
	struct many many = {.scan = scan, .began_us = g_get_monotonic_time()};
	GHashTable *done_before = NULL;
	int code = CLI_IO;

	many.rows = g_ptr_array_new_with_free_func(free_row);
	g_ptr_array_set_size(many.rows, (gint)scan->entries->len);
	many.numbers = g_hash_table_new(NULL, NULL);
	many.to_visit = g_ptr_array_new();
	if (open_journal(&many, &done_before, &code)) {
		const bool is_resumed = done_before != NULL && g_hash_table_size(done_before) > 0;

		many.output = scan_output_open(&scan->options, is_resumed, &code);
	}
	if (many.output != NULL) {
		for (guint i = 0; i < scan->entries->len; i++)
			begin_entry(&many, i, done_before);
		code = conclude(&many,
				scan_visit(scan,
					   (const struct ssh_target *const *)many.to_visit->pdata,
					   many.to_visit->len, take, &many));
	}
	scan_output_close(many.output);
	scan_journal_close(many.journal);
	g_ptr_array_unref(many.to_visit);
	g_hash_table_unref(many.numbers);
	g_ptr_array_unref(many.rows);
	return code;
}
