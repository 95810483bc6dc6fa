/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.json: the answers of a host by want, so that collectors can be tried without that host.
 *
 *   { "plimsoll_host": 1, "endpoint": "unix:///run/docker.sock", "root_dir": false,
 *     "stat":  { "/etc/docker": { "status": "ok", "real": "/etc/docker", "mode": 16877, ... } },
 *     "read":  { "/etc/group":  { "status": "ok", "text": "root:x:0:\n" } },
 *     "link":  { "/proc/1/ns/pid": { "status": "ok", "target": "pid:[4026531836]" } },
 *     "list":  { "/etc/docker/certs.d": { "status": "absent", "errno": 2 } },
 *     "peer":  { "/run/docker.sock": { "status": "ok", "pid": 1, "uid": 0, "gid": 0 } },
 *     "processes": { "status": "ok", ..., "process": [ { "pid": 1, ... } ] },
 *     "audit": { "status": "ok", ..., "rule": [ { "list": "exit", ... } ] },
 *     "self":  { "status": "ok", "uid": 0, ... } }
 *
 * Names are those of the structs in host_answer.h. Contents stand as "text"; as "words" where NULs
 * end them (command lines, environments); else as "base64". What is absent reads as 0 or NULL, a
 * want that is absent as NOT_TRIED.
 */
#ifndef PLIMSOLL_AGENT_HOST_RECORDING_H
#define PLIMSOLL_AGENT_HOST_RECORDING_H

#include "agent/host/batch_private.h"
#include "proto/json.h"

/* Fills the answers of a batch. Strings are copied into the batch's arena. */
void host_recording_answer(const struct json *recording, struct host_batch *batch);

/* A recording in the making; root is the document. */
struct host_recording {
	struct json *root;
	struct json *answers[HOST_WANT_KINDS]; /* inside root */
};
void host_recording_init(struct host_recording *ret_recording, const char *endpoint,
			 bool has_root_dir);
void host_recording_done(struct host_recording *recording);
void host_recording_add(struct host_recording *recording, const struct host_batch *batch);

#endif
