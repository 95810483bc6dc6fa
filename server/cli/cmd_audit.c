/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `plimsoll audit`: the whole flow in one process and no server. Collect from this host (or read
 * saved facts), judge, write, and say by the exit code whether the gate held.
 */
#include <malloc.h>
#include <string.h>

#include "server/cli/audit_options.h"
#include "server/cli/audit_parameters.h"
#include "server/cli/cli.h"
#include "server/cli/commands.h"
#include "server/cli/files.h"
#include "server/cli/gather.h"
#include "server/cli/select.h"
#include "server/cli/terminal.h"
#include "server/diff/baseline.h"
#include "server/format/notices.h"

/* Everything one audit owns. */
struct audit {
	struct audit_options options;
	struct catalogue *catalogue;
	const struct benchmark **benchmarks;
	guint n_benchmarks;
	GHashTable *selected; /* const struct check * */
	GArray *filters;      /* struct report_filter */
	GThread *preparing;   /* makes the evaluator; NULL = nobody does */
	GError *not_prepared; /* why it could not */
	struct evaluator *evaluator;
	struct parameter_values *parameters;
	struct collection *collection;
	struct evaluation *evaluation;
	struct report_benchmark *scored;
	struct arena *arena;
	struct baseline *baseline;
	GHashTable *new_checks; /* const struct check *: fail where the baseline does not */
	bool io_failed;
};

/* --- the evaluator, which is made while the host answers its last questions --- */

static bool is_selected(const struct check *check, void *data)
{
	return g_hash_table_contains(data, check);
}

/* In the form that one of the benchmarks asks for. */
static bool is_asked_for(const struct check *check, const struct check_variant *variant, void *data)
{
	const struct audit *audit = data;

	if (!is_selected(check, audit->selected))
		return false;
	for (guint i = 0; i < audit->n_benchmarks; i++)
		for (guint k = 0; k < audit->benchmarks[i]->n_entries; k++)
			if (audit->benchmarks[i]->entries[k].check == check &&
			    audit->benchmarks[i]->entries[k].variant == variant)
				return true;
	return false;
}

static gpointer make_evaluator(gpointer data)
{
	struct audit *audit = data;

	audit->evaluator =
		evaluator_new_for(audit->catalogue, is_asked_for, audit, &audit->not_prepared);
	return NULL;
}

static void prepare_evaluator(void *data)
{
	struct audit *audit = data;

	if (audit->preparing == NULL) /* a second engine may be asked */
		audit->preparing = g_thread_new("evaluator", make_evaluator, audit);
}

static bool take_evaluator(struct audit *audit)
{
	if (audit->preparing != NULL)
		g_thread_join(g_steal_pointer(&audit->preparing));
	return audit->evaluator != NULL;
}

static void audit_done(struct audit *audit)
{
	(void)take_evaluator(audit);
	evaluator_free(audit->evaluator);
	g_clear_error(&audit->not_prepared);
	audit_options_done(&audit->options);
	parameter_values_free(audit->parameters);
	evaluation_free(audit->evaluation);
	collection_free(audit->collection);
	g_clear_pointer(&audit->selected, g_hash_table_unref);
	g_clear_pointer(&audit->filters, g_array_unref);
	g_clear_pointer(&audit->new_checks, g_hash_table_unref);
	baseline_free(audit->baseline);
	catalogue_free(audit->catalogue);
	arena_free(audit->arena);
	g_free(audit->benchmarks);
	g_free(audit->scored);
}

/* Says what went wrong and hands the exit code on. */
static bool stop(int *ret_exit, int code, const GError *error)
{
	terminal_end();
	cli_say("audit", "%s", error->message);
	*ret_exit = code;
	return false;
}

/* --- what to ask --- */

/* The same benchmark under two names is judged once. */
static void add_benchmark(struct audit *audit, const struct benchmark *benchmark)
{
	for (guint i = 0; i < audit->n_benchmarks; i++)
		if (audit->benchmarks[i] == benchmark)
			return;
	audit->benchmarks[audit->n_benchmarks++] = benchmark;
}

static bool find_benchmarks(struct audit *audit, int *ret_exit)
{
	char *const *names = audit->options.benchmarks;
	guint n = g_strv_length(audit->options.benchmarks);

	audit->benchmarks = g_new0(const struct benchmark *, n);
	for (guint i = 0; i < n; i++) {
		const struct benchmark *benchmark = catalogue_benchmark(audit->catalogue, names[i]);

		if (benchmark == NULL) {
			*ret_exit = cli_unknown_benchmark("audit", audit->catalogue, names[i]);
			return false;
		}
		add_benchmark(audit, benchmark);
	}
	return true;
}

static struct select_rule rule_of(const struct audit_options *options)
{
	return (struct select_rule){
		.only = (const char *const *)options->only,
		.skip = (const char *const *)options->skip,
		.min_severity = options->min_severity,
	};
}

static bool choose_checks(struct audit *audit, int *ret_exit)
{
	const struct select_rule rule = rule_of(&audit->options);
	g_autoptr(GError) error = NULL;

	audit->selected = select_checks(audit->catalogue, audit->benchmarks, audit->n_benchmarks,
					&rule, &error);
	if (audit->selected != NULL)
		return true;
	*ret_exit = cli_usage("audit", "%s", error->message);
	return false;
}

/* Before the host is asked: an audit that could not be compared is not begun. */
static bool read_baseline(struct audit *audit, int *ret_exit)
{
	const char *path = audit->options.baseline_path;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	size_t size = 0;

	if (path == NULL)
		return true;
	text = files_read(path, FILES_REPORT_BYTES, &size, &error);
	if (text == NULL)
		return stop(ret_exit, CLI_IO, error);
	audit->baseline = baseline_read(text, size, &error);
	if (audit->baseline != NULL)
		return true;
	g_prefix_error(&error, "'%s' is no baseline: ", path);
	return stop(ret_exit, CLI_IO, error);
}

static bool prepare(struct audit *audit, int *ret_exit)
{
	g_autoptr(GError) error = NULL;

	audit->catalogue = catalogue_new(CLI_CHECKS_DIR, &error);
	if (audit->catalogue == NULL)
		return stop(ret_exit, CLI_USAGE, error);
	audit->parameters = audit_parameters_read(audit->options.config_path,
						  audit->options.parameters, &error);
	if (audit->parameters == NULL)
		return stop(ret_exit, CLI_USAGE, error);
	return find_benchmarks(audit, ret_exit) && choose_checks(audit, ret_exit) &&
	       read_baseline(audit, ret_exit);
}

/* --- the facts --- */

static void save_facts(struct audit *audit)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (audit->options.save_facts_path == NULL)
		return;
	text = facts_json_write(audit->collection);
	if (files_write_private(audit->options.save_facts_path, text, strlen(text), &error))
		return;
	cli_say("audit", "%s", error->message);
	audit->io_failed = true;
}

static bool get_facts(struct audit *audit, int *ret_exit)
{
	const struct gather gather = {
		.command = "audit",
		.facts_path = audit->options.facts_path,
		.engine = &audit->options.engine,
		.root_dir = audit->options.root_dir,
		.engine_answered = prepare_evaluator,
		.engine_answered_data = audit,
	};

	audit->collection = gather_facts(&gather, ret_exit);
	if (audit->collection == NULL)
		return false;
	save_facts(audit);
	return true;
}

/* --- the verdicts --- */

/* Ages are judged as of the collection, so that saved facts give the same report tomorrow. */
static bool judge(struct audit *audit, int *ret_exit)
{
	const Plimsoll__Envelope *envelope = audit->collection->envelope;
	const int64_t taken_at_s = envelope != NULL ? envelope->taken_at : 0;
	const struct evaluate_input input = {
		.facts = audit->collection->facts,
		.observed = audit->collection->observed,
		.parameters = &audit->parameters->message,
		.schema = envelope != NULL ? envelope->schema : 0,
		.as_of_s = taken_at_s,
		.taken_at_s = taken_at_s,
	};
	g_autoptr(GError) error = NULL;

	if (!take_evaluator(audit) && audit->not_prepared == NULL)
		(void)make_evaluator(audit);
	if (audit->evaluator == NULL)
		return stop(ret_exit, CLI_USAGE, audit->not_prepared);
	audit->evaluation =
		evaluator_run(audit->evaluator, &input, is_selected, audit->selected, &error);
	/* The report's memory is not to stand beside the evaluator's. */
	g_clear_pointer(&audit->evaluator, evaluator_free);
	if (audit->evaluation == NULL)
		return stop(ret_exit, CLI_IO, error);
	audit->scored = g_new0(struct report_benchmark, audit->n_benchmarks);
	for (guint i = 0; i < audit->n_benchmarks; i++) {
		audit->scored[i].benchmark = audit->benchmarks[i];
		score_compute(audit->evaluation, audit->benchmarks[i], &audit->scored[i].score);
	}
	return true;
}

/* --- the result --- */

static void fill_report(struct audit *audit, struct report *ret_report)
{
	const struct collection *collection = audit->collection;
	const struct select_rule rule = rule_of(&audit->options);

	audit->filters = g_array_new(FALSE, FALSE, sizeof(struct report_filter));
	select_add_filters(&rule, audit->filters);
	audit->arena = arena_new(SIZE_MAX);
	*ret_report = (struct report){
		.envelope = collection->envelope,
		.facts = collection->facts,
		.observed = collection->observed,
		.evaluation = audit->evaluation,
		.benchmarks = audit->scored,
		.n_benchmarks = audit->n_benchmarks,
		.filters = (const struct report_filter *)(const void *)audit->filters->data,
		.n_filters = audit->filters->len,
		.generated_at_s = g_get_real_time() / G_USEC_PER_SEC,
	};
	ret_report->notices = notices_of(collection->facts, collection->observed, audit->evaluation,
					 audit->arena, &ret_report->n_notices);
	if (audit->baseline != NULL)
		ret_report->changes = baseline_compare(audit->baseline, ret_report, audit->arena,
						       &audit->new_checks);
}

static bool write_output(const struct audit *audit, const struct audit_output *output,
			 const struct report *report)
{
	const struct format_style style = terminal_style(&audit->options, output->path == NULL);
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	output->format->write(out, report, &style);
	if (output->path == NULL)
		return cli_write_stdout("audit", out->str, out->len);
	if (files_write(output->path, out->str, out->len, &error))
		return true;
	cli_say("audit", "%s", error->message);
	return false;
}

/* The table shows notices itself; beside other formats people read them here. */
static void say_notices(const struct audit *audit, const struct report *report)
{
	for (guint i = 0; i < audit->options.n_outputs; i++)
		if (audit->options.outputs[i].path == NULL &&
		    strcmp(audit->options.outputs[i].format->name, "table") == 0)
			return;
	if (audit->options.quiet)
		return;
	for (guint i = 0; i < report->n_notices; i++)
		cli_say("audit", "%s", report->notices[i]);
}

static int conclude(struct audit *audit)
{
	struct gate_outcome outcome;
	struct report report;
	int code;

	fill_report(audit, &report);
	gate_judge(&audit->options.gate, &report, audit->new_checks, &outcome);
	report.gate = outcome.text;
	for (guint i = 0; i < audit->options.n_outputs; i++)
		if (!write_output(audit, &audit->options.outputs[i], &report))
			audit->io_failed = true;
	say_notices(audit, &report);
	code = gate_exit(&outcome, audit->io_failed);
	g_free(outcome.text);
	return code;
}

int cmd_audit(int argc, char **argv)
{
	struct audit audit = {0};
	int code = CLI_USAGE;

	/* One heap for the two threads of a collection: an audit is to be small on the host. */
	(void)mallopt(M_ARENA_MAX, 1);
	if (audit_options_read(argc, argv, &audit.options, &code) && prepare(&audit, &code) &&
	    get_facts(&audit, &code) && judge(&audit, &code))
		code = conclude(&audit);
	audit_done(&audit);
	return code;
}
