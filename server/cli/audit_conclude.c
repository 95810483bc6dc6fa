/* SPDX-License-Identifier: Apache-2.0 */
/* The last step of an audit of one host: every output is written, and the gate speaks. */
#include "server/cli/audit.h"
#include "server/cli/cli.h"
#include "server/cli/files.h"
#include "server/cli/terminal.h"

static bool write_output(const struct audit *audit, const struct audit_output *output,
			 const struct report *report)
{
	const struct format_style style = terminal_style(&audit->options, output->path == NULL);
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	output->format->write(out, report, &style);
	if (output->path == NULL)
		return cli_write_stdout(audit->command, out->str, out->len);
	if (files_write(output->path, out->str, out->len, &error))
		return true;
	cli_say(audit->command, "%s", error->message);
	return false;
}

int audit_conclude(struct audit *audit)
{
	struct gate_outcome outcome;
	struct report report;
	int code;

	audit_report(audit, &report);
	gate_judge(&audit->options.gate, &report, audit->new_checks, &outcome);
	report.gate = outcome.text;
	for (guint i = 0; i < audit->options.n_outputs; i++)
		if (!write_output(audit, &audit->options.outputs[i], &report))
			audit->io_failed = true;
	audit_say_notices(audit, &report);
	code = gate_exit(&outcome, audit->io_failed);
	g_free(outcome.text);
	return code;
}
