/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which Engine is asked, and how: what the docker CLI's flags, environment and contexts come to,
 * read in its order, so that Plimsoll asks the engine that `docker` would. Part of the door that
 * host.h describes.
 */
#ifndef PLIMSOLL_AGENT_HOST_ENDPOINT_H
#define PLIMSOLL_AGENT_HOST_ENDPOINT_H

#include <glib.h>
#include <stdbool.h>

#include "proto/base.h"

#define HOST_ENDPOINT_DEFAULT "unix:///run/docker.sock"

struct host_endpoint {
	char *url;         /* unix:///PATH or tcp://HOST:PORT; no credentials */
	char *socket_path; /* of unix://; NULL: tcp */
	char *address;     /* of tcp://: "https://HOST:PORT" or "http://HOST:PORT"; else NULL */
	bool verifies;     /* https: who answers must prove its name */
	char *ca_file;     /* NULL: the system's */
	char *cert_file;   /* ours; NULL: none */
	char *key_file;
	char *tls_dir;   /* where the files are looked for that nobody named; for advice */
	char *chosen_by; /* "DOCKER_HOST", for people; NULL: nobody chose, it is the default */
};

/* What stands on the command line or in a file of settings; NULL: nothing. As docker names them. */
struct host_endpoint_flags {
	char *docker_host;
	char *tls_ca, *tls_cert, *tls_key;
	gboolean tls, tls_verify;
	bool ignores_contexts; /* a service does not follow the context of whoever started it */
};
void host_endpoint_flags_done(struct host_endpoint_flags *flags);

/* The rows of a GOptionContext that fill flags. */
#define HOST_ENDPOINT_OPTIONS(flags)                                                               \
	{"docker-host", 0, 0, G_OPTION_ARG_STRING, &(flags)->docker_host, NULL, NULL},             \
		{"tls", 0, 0, G_OPTION_ARG_NONE, &(flags)->tls, NULL, NULL},                       \
		{"tlsverify", 0, 0, G_OPTION_ARG_NONE, &(flags)->tls_verify, NULL, NULL},          \
		{"tlscacert", 0, 0, G_OPTION_ARG_FILENAME, &(flags)->tls_ca, NULL, NULL},          \
		{"tlscert", 0, 0, G_OPTION_ARG_FILENAME, &(flags)->tls_cert, NULL, NULL},          \
	{                                                                                          \
		"tlskey", 0, 0, G_OPTION_ARG_FILENAME, &(flags)->tls_key, NULL, NULL               \
	}

/*
 * The flag, else DOCKER_HOST, else the docker CLI's context (DOCKER_CONTEXT, else config.json's),
 * else the default. For tcp: DOCKER_TLS, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH as docker reads
 * them.
 *
 * gives  free with host_endpoint_free().
 * error  HOST_ERROR_ENDPOINT; the message says what to do.
 */
struct host_endpoint *host_endpoint_choose(const struct host_endpoint_flags *flags, GError **error);

/* The endpoint of a URL alone; the environment is not asked. As above. */
struct host_endpoint *host_endpoint_new(const char *url, GError **error);

/* What a reader must know of an endpoint that proves nothing; NULL: nothing. */
const char *host_endpoint_caution(const struct host_endpoint *endpoint);

void host_endpoint_free(struct host_endpoint *endpoint);
PLIMSOLL_AUTOPTR(host_endpoint, host_endpoint_free)

#endif
