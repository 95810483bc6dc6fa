/* SPDX-License-Identifier: Apache-2.0 */
/* See audit.h. */
#include "server/cli/audit.h"

#include <malloc.h>
#include <string.h>

#include "server/cli/audit_parameters.h"
#include "server/cli/cli.h"
#include "server/cli/files.h"
#include "server/cli/gather.h"
#include "server/cli/select.h"
#include "server/cli/terminal.h"
#include "server/format/notices.h"

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
		if (benchmark_asks_for(audit->benchmarks[i], check, variant))
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

void audit_forget(struct audit *audit)
{
	g_clear_pointer(&audit->evaluation, evaluation_free);
	g_clear_pointer(&audit->collection, collection_free);
	g_clear_pointer(&audit->filters, g_array_unref);
	g_clear_pointer(&audit->new_checks, g_hash_table_unref);
	g_clear_pointer(&audit->arena, arena_free);
	g_clear_pointer(&audit->scored, g_free);
}

void audit_done(struct audit *audit)
{
	(void)take_evaluator(audit);
	audit_forget(audit);
	evaluator_free(audit->evaluator);
	g_clear_error(&audit->not_prepared);
	audit_options_done(&audit->options);
	parameter_values_free(audit->parameters);
	g_clear_pointer(&audit->selected, g_hash_table_unref);
	subject_filter_free(audit->filter);
	baseline_free(audit->baseline);
	catalogue_free(audit->catalogue);
	g_free(audit->benchmarks);
}

/* Says what went wrong and hands the exit code on. */
static bool stop(const struct audit *audit, int *ret_exit, int code, const GError *error)
{
	terminal_end();
	cli_say(audit->command, "%s", error->message);
	*ret_exit = code;
	return false;
}

/* --- what to ask --- */

void audit_add_benchmark(struct audit *audit, const struct benchmark *benchmark)
{
	if (benchmark == NULL)
		return;
	for (guint i = 0; i < audit->n_benchmarks; i++)
		if (audit->benchmarks[i] == benchmark)
			return;
	audit->benchmarks =
		g_renew(const struct benchmark *, audit->benchmarks, audit->n_benchmarks + 1);
	audit->benchmarks[audit->n_benchmarks++] = benchmark;
}

static bool find_benchmarks(struct audit *audit, int *ret_exit)
{
	char *const *names = audit->options.benchmarks;

	for (guint i = 0; names[i] != NULL; i++) {
		const struct benchmark *benchmark = catalogue_benchmark(audit->catalogue, names[i]);

		if (benchmark == NULL) {
			*ret_exit =
				cli_unknown_benchmark(audit->command, audit->catalogue, names[i]);
			return false;
		}
		audit_add_benchmark(audit, benchmark);
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
	*ret_exit = cli_usage(audit->command, "%s", error->message);
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
		return stop(audit, ret_exit, CLI_IO, error);
	audit->baseline = baseline_read(text, size, &error);
	if (audit->baseline != NULL)
		return true;
	g_prefix_error(&error, "'%s' is no baseline: ", path);
	return stop(audit, ret_exit, CLI_IO, error);
}

static struct subject_rule subjects_of(const struct audit_options *options)
{
	return (struct subject_rule){
		.include = (const char *const *)options->include,
		.exclude = (const char *const *)options->exclude,
		.labels = (const char *const *)options->labels,
		.regex = options->regex,
	};
}

static bool choose_subjects(struct audit *audit, int *ret_exit)
{
	const struct subject_rule rule = subjects_of(&audit->options);
	g_autoptr(GError) error = NULL;

	audit->filter = subject_filter_new(&rule, &error);
	if (error == NULL)
		return true;
	*ret_exit = cli_usage(audit->command, "%s", error->message);
	return false;
}

bool audit_prepare(struct audit *audit, int *ret_exit)
{
	g_autoptr(GError) error = NULL;

	/* One heap for the two threads of a collection: an audit is to be small on the host. */
	if (!audit->has_more)
		(void)mallopt(M_ARENA_MAX, 1);
	audit->catalogue = catalogue_new(CLI_CHECKS_DIR, &error);
	if (audit->catalogue == NULL)
		return stop(audit, ret_exit, CLI_USAGE, error);
	audit->parameters = audit_parameters_read(audit->options.config_path,
						  audit->options.parameters, &error);
	if (audit->parameters == NULL)
		return stop(audit, ret_exit, CLI_USAGE, error);
	return find_benchmarks(audit, ret_exit);
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
	cli_say(audit->command, "%s", error->message);
	audit->io_failed = true;
}

static bool get_facts(struct audit *audit, int *ret_exit)
{
	const struct gather gather = {
		.command = audit->command,
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

bool audit_make_evaluator(struct audit *audit, int *ret_exit)
{
	if (!take_evaluator(audit) && audit->not_prepared == NULL)
		(void)make_evaluator(audit);
	if (audit->evaluator != NULL)
		return true;
	return stop(audit, ret_exit, CLI_USAGE, audit->not_prepared);
}

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
		.filter = audit->filter,
	};
	g_autoptr(GError) error = NULL;

	if (!audit_make_evaluator(audit, ret_exit))
		return false;
	audit->evaluation =
		evaluator_run(audit->evaluator, &input, is_selected, audit->selected, &error);
	/* The report's memory is not to stand beside the evaluator's. */
	if (!audit->has_more)
		g_clear_pointer(&audit->evaluator, evaluator_free);
	if (audit->evaluation == NULL)
		return stop(audit, ret_exit, CLI_IO, error);
	audit->scored = g_new0(struct report_benchmark, audit->n_benchmarks);
	for (guint i = 0; i < audit->n_benchmarks; i++) {
		audit->scored[i].benchmark = audit->benchmarks[i];
		score_compute(audit->evaluation, audit->benchmarks[i], &audit->scored[i].score);
	}
	return true;
}

bool audit_plan(struct audit *audit, int *ret_exit)
{
	return choose_checks(audit, ret_exit) && choose_subjects(audit, ret_exit) &&
	       read_baseline(audit, ret_exit);
}

bool audit_take(struct audit *audit, struct collection *collection, int *ret_exit)
{
	audit->collection = collection;
	return judge(audit, ret_exit);
}

bool audit_judge(struct audit *audit, int *ret_exit)
{
	return audit_plan(audit, ret_exit) && get_facts(audit, ret_exit) && judge(audit, ret_exit);
}

/* --- the result --- */

static void add_filter(GArray *filters, const char *option, const char *const *words)
{
	const struct report_filter filter = {option, words};

	if (words != NULL && words[0] != NULL)
		g_array_append_val(filters, filter);
}

static void add_filters(const struct audit *audit)
{
	const struct select_rule checks = rule_of(&audit->options);
	const struct subject_rule subjects = subjects_of(&audit->options);

	select_add_filters(&checks, audit->filters);
	add_filter(audit->filters, "include", subjects.include);
	add_filter(audit->filters, "exclude", subjects.exclude);
	add_filter(audit->filters, "label", subjects.labels);
}

/* What the filter took away; NULL = there is none. */
static const char *left_out(const struct audit *audit)
{
	const Plimsoll__Facts *facts = audit->collection->facts;

	if (audit->filter == NULL)
		return NULL;
	return arena_printf(audit->arena,
			    "Left out, since they were not asked for: %u of %zu containers, "
			    "%u of %zu images.",
			    subject_filter_containers(audit->filter, facts), facts->n_container,
			    subject_filter_images(audit->filter, facts), facts->n_image);
}

static const char *const *with_first(struct arena *arena, const char *first,
				     const char *const *texts, guint n)
{
	const char **all = arena_calloc(arena, (size_t)n + 2, sizeof(*all));

	all[0] = first;
	for (guint i = 0; i < n; i++)
		all[i + 1] = texts[i];
	return all;
}

void audit_report(struct audit *audit, struct report *ret_report)
{
	const struct collection *collection = audit->collection;
	const char *first = NULL;

	audit->filters = g_array_new(FALSE, FALSE, sizeof(struct report_filter));
	add_filters(audit);
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
	first = left_out(audit);
	if (first != NULL) {
		ret_report->notices =
			with_first(audit->arena, first, ret_report->notices, ret_report->n_notices);
		ret_report->n_notices++;
	}
	if (audit->baseline != NULL)
		ret_report->changes = baseline_compare(audit->baseline, ret_report, audit->arena,
						       &audit->new_checks);
}

/* The table shows notices itself; beside other formats people read them here. */
void audit_say_notices(const struct audit *audit, const struct report *report)
{
	for (guint i = 0; i < audit->options.n_outputs; i++)
		if (audit->options.outputs[i].path == NULL &&
		    strcmp(audit->options.outputs[i].format->name, "table") == 0)
			return;
	if (audit->options.quiet)
		return;
	for (guint i = 0; i < report->n_notices; i++)
		cli_say(audit->command, "%s", report->notices[i]);
}
