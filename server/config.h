/* SPDX-License-Identifier: Apache-2.0 */
/* server.conf: what an installation decided at set-up, and what its operator tuned since. */
#ifndef PLIMSOLL_SERVER_CONFIG_H
#define PLIMSOLL_SERVER_CONFIG_H

#include <glib.h>
#include <stdbool.h>

#include "proto/base.h"
#include "server/ini.h"
#include "server/parameters.h"

enum config_listener { CONFIG_PEOPLE, CONFIG_AGENTS, CONFIG_ENROLMENT, CONFIG_LISTENERS };

/* An address to listen at. */
struct config_listen {
	char *address; /* IPv4 or IPv6 */
	guint port;    /* 0 = any free one; DATA/ports.json then says which */
};

struct config_limits {
	guint connections;             /* of each listener */
	guint connections_per_address; /* of each listener */
	guint connections_per_host;    /* of one agent certificate's host */
	guint handshake_deadline_ms;
	guint request_deadline_ms;   /* to send a whole request, or to take a whole answer */
	guint queue;                 /* requests that wait for a worker */
	guint enrolments_per_minute; /* from one address */
	guint host_bytes_per_hour;   /* of reports of one host; as much may come at once */
};

struct config {
	char *path; /* of the file */
	char *data_dir;
	char *benchmark;
	char *checks_dir; /* NULL = none */
	char **names;     /* of the server, at least one */
	struct config_listen listen[CONFIG_LISTENERS];
	struct config_limits limits;
	guint workers;
	guint report_every_s;      /* what agents are told */
	guint scans_stale_after_s; /* a host that is looked at over SSH */
	struct parameters *parameters;
};

/*
 * Reads a configuration with its drop-ins (PATH.d/NAME.conf in byte order).
 *
 * data_dir  used where the file names none; may be NULL.
 * error     as ini_read(); CONFIG_ERROR for what is missing. Unknown keys are errors too.
 */
struct config *config_read(const char *path, const char *data_dir, GError **error);
void config_free(struct config *config);
PLIMSOLL_AUTOPTR(config, config_free)

/* The file of an installation: `path` if given, else DATA/server.conf, else /etc/plimsoll's. */
char *config_find(const char *path, const char *data_dir);

/* The text of a new configuration, with every default shown. gives: free with g_free(). */
char *config_text(const char *data_dir, const char *benchmark, const char *const *names,
		  const char *address, const guint ports[static CONFIG_LISTENERS]);

/* "people", "agents", "enrolment". */
const char *config_listener_name(enum config_listener listener);

#endif
