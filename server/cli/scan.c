/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See scan.h. Options, targets and checks are read before any machine is touched; then one machine
 * is audited as `plimsoll audit` does it, or many are swept.
 */
#include "server/cli/scan.h"

#include "server/cli/cli.h"
#include "server/cli/scan_private.h"
#include "server/cli/scan_reason.h"
#include "server/cli/scan_targets.h"
#include "server/cli/terminal.h"

bool scan_visit(struct scan *scan, const struct ssh_target *const *targets, guint n_targets,
		void (*done)(struct sweep_result *result, void *data), void *data)
{
	const struct sweep_options options = {.ssh = &scan->options.ssh,
					      .jobs = scan->options.jobs,
					      .cancelled = &scan->cancelled};
	guint begun;

	terminal_cancel_by(&scan->cancelled);
	terminal_begin();
	begun = scan->sweep->run(targets, n_targets, &options, done, data);
	terminal_end();
	terminal_cancel_by(NULL);
	return begun == n_targets && g_atomic_int_get(&scan->cancelled) == 0;
}

bool scan_deposit(struct scan *scan, const struct sweep_result *result)
{
	g_autoptr(GError) error = NULL;

	if (scan->store == NULL || result->collection == NULL ||
	    scan_store_put(scan->store, result, &error))
		return true;
	terminal_hide();
	cli_say("scan", "%s: not stored: %s", result->target->name, error->message);
	scan->io_failed = true;
	return false;
}

/* --- one machine --- */

struct visit {
	struct scan *scan;
	struct collection *collection;
	GError *error;
};

static void take_one(struct sweep_result *result, void *data)
{
	struct visit *visit = data;

	terminal_end();
	(void)scan_deposit(visit->scan, result);
	if (result->transport_reason != NULL && !visit->scan->options.audit.quiet)
		cli_say("scan", "%s: by %s: %s", result->target->name, result->transport,
			result->transport_reason);
	visit->collection = g_steal_pointer(&result->collection);
	if (result->error != NULL)
		visit->error = g_error_copy(result->error);
}

static int refuse(struct scan *scan, const char *name, const GError *error)
{
	const struct scan_reason *reason = scan_reason_of_error(error);

	if (g_atomic_int_get(&scan->cancelled) != 0)
		return CLI_INTERRUPTED;
	cli_say("scan", "%s: %s: %s", name, reason->words, error->message);
	if (!scan->options.audit.quiet)
		cli_say("scan", "%s", reason->advice);
	return g_error_matches(error, SSH_ERROR, (gint)SSH_ERROR_CONFIG) ? CLI_USAGE : CLI_IO;
}

static bool save_one(const struct scan *scan, const struct ssh_target *target,
		     const struct collection *collection)
{
	return scan->options.save_facts_dir == NULL ||
	       scan_output_save_facts(&scan->options, target->name, collection);
}

int scan_one(struct scan *scan)
{
	const struct inventory_entry *entry = scan->entries->pdata[0];
	const struct ssh_target *target = entry->target;
	struct visit visit = {.scan = scan};
	int code = CLI_IO;

	(void)scan_visit(scan, &target, 1, take_one, &visit);
	if (visit.collection == NULL) {
		code = visit.error != NULL ? refuse(scan, target->name, visit.error)
					   : CLI_INTERRUPTED;
	} else {
		scan->audit.io_failed = scan->io_failed || visit.error != NULL;
		if (visit.error != NULL)
			cli_say("scan", "%s: cut short, the rest is unknown: %s", target->name,
				visit.error->message);
		if (!save_one(scan, target, visit.collection))
			scan->audit.io_failed = true;
		if (audit_take(&scan->audit, visit.collection, &code))
			code = audit_conclude(&scan->audit);
	}
	g_clear_error(&visit.error);
	return code;
}

/* --- the command --- */

static bool prepare(struct scan *scan, int argc, char **argv, int *ret_exit)
{
	if (!scan_options_read(argc, argv, &scan->options, ret_exit))
		return false;
	scan->audit.options = scan->options.audit;
	scan->audit.has_more = true;
	scan->entries = scan_targets_read(&scan->options, ret_exit);
	if (scan->entries == NULL || !audit_prepare(&scan->audit, ret_exit) ||
	    !audit_plan(&scan->audit, ret_exit) || !audit_make_evaluator(&scan->audit, ret_exit))
		return false;
	if (!scan->options.is_stored)
		return true;
	scan->store = scan_store_open("scan", &scan->options.site, ret_exit);
	return scan->store != NULL;
}

static void done(struct scan *scan)
{
	scan_store_close(scan->store);
	if (scan->entries != NULL)
		g_ptr_array_unref(scan->entries);
	/* They are the same ones. */
	audit_options_done(&scan->options.audit);
	scan->audit.options = (struct audit_options){0};
	audit_done(&scan->audit);
	scan_options_done(&scan->options);
}

int scan_main(int argc, char **argv, const struct scan_sweep *sweep)
{
	struct scan scan = {.sweep = sweep, .audit = {.command = "scan"}};
	int code = CLI_USAGE;

	if (prepare(&scan, argc, argv, &code))
		code = scan.options.is_sweep ? scan_many(&scan) : scan_one(&scan);
	done(&scan);
	return code;
}
