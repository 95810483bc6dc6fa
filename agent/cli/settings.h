/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of the agent: /etc/plimsoll/agent.conf and its drop-ins, then the environment's
 * DOCKER_HOST, then the command line, which wins.
 */
#ifndef PLIMSOLL_AGENT_CLI_SETTINGS_H
#define PLIMSOLL_AGENT_CLI_SETTINGS_H

#include <glib.h>

#include "agent/host.h"
#include "proto/base.h"

#define SETTINGS_FILE      "/etc/plimsoll/agent.conf"
#define SETTINGS_STATE_DIR "/var/lib/plimsoll-agent"

struct settings {
	char *state_dir;
	struct host_endpoint_flags engine;
	char *root_dir; /* NULL: this machine's own root */
	char *proxy;    /* NULL: none */
	guint period_s;
};

#define SETTINGS_ERROR (settings_error_quark())
GQuark settings_error_quark(void);

/* What stands on the command line; NULL: nothing. */
struct settings_flags {
	char *config, *state_dir, *docker_host, *root_dir;
};
void settings_flags_done(struct settings_flags *flags);

/*
 * Reads PATH, then PATH.d/NAME.conf in byte order; later values win. The default PATH may be
 * missing.
 *
 * gives  free with settings_free().
 * error  SETTINGS_ERROR "PATH: [group] key: what is wrong"; an unknown key is an error.
 */
struct settings *settings_load(const struct settings_flags *flags, GError **error);
void settings_free(struct settings *settings);
PLIMSOLL_AUTOPTR(settings, settings_free)

#endif
