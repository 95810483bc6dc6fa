/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why something is not known: turns rows of Fetch and the snapshot's circumstances into the reason
 * codes of RULES 0.1. What has no row was not looked at, which is a reason too.
 */
#include <errno.h>

#include "checks/derive/derive_internal.h"

char *derive_reason_text(struct derivation *d, struct reason reason)
{
	if (reason.code == NULL)
		return NULL;
	if (reason.detail == NULL)
		return arena_strdup(d->arena, reason.code);
	return derive_text(d, "%s|%s", reason.code, reason.detail);
}

void derive_set_state(struct derivation *d, struct reason reason, char **ret_state,
		      char **ret_detail, char **ret_reason)
{
	*ret_state = arena_strdup(d->arena, reason.code != NULL ? reason.code : "ok");
	*ret_detail = arena_strdup(d->arena, reason.detail);
	*ret_reason = derive_reason_text(d, reason);
}

static bool is_source(const char *text, const char *source)
{
	size_t length = strlen(source);

	return text != NULL && strncmp(text, source, length) == 0 &&
	       (text[length] == '\0' || text[length] == '?');
}

const Plimsoll__Fetch *derive_fetch(const struct derivation *d, const char *source)
{
	for (size_t i = 0; i < d->facts->n_fetch; i++)
		if (is_source(d->facts->fetch[i]->source, source))
			return d->facts->fetch[i];
	return NULL;
}

static bool is_refused(const Plimsoll__Fetch *fetch)
{
	return (fetch->has_status && fetch->status == PLIMSOLL__FETCH__STATUS__PERMISSION) ||
	       (fetch->has_errno_value &&
		(fetch->errno_value == EACCES || fetch->errno_value == EPERM));
}

/* What an Engine call that did not go well says. */
static const char *failure_text(struct derivation *d, const Plimsoll__Fetch *fetch,
				const char *source)
{
	if (fetch->has_http_status)
		return derive_text(d, "%s answered %" G_GINT64_FORMAT, source, fetch->http_status);
	if (fetch->has_status && fetch->status == PLIMSOLL__FETCH__STATUS__PARSE_ERROR)
		return derive_text(d, "%s answered something else than JSON", source);
	if (fetch->detail != NULL && *fetch->detail != '\0')
		return derive_text(d, "%s: %s", source, fetch->detail);
	return derive_text(d, "%s was not answered", source);
}

struct reason derive_fetch_reason(struct derivation *d, const char *source)
{
	const Plimsoll__Fetch *fetch = derive_fetch(d, source);

	if (fetch == NULL || !fetch->has_status ||
	    fetch->status == PLIMSOLL__FETCH__STATUS__NOT_TRIED)
		return (struct reason){"UK_API", derive_text(d, "%s was not asked", source)};
	if (fetch->status == PLIMSOLL__FETCH__STATUS__OK ||
	    fetch->status == PLIMSOLL__FETCH__STATUS__TRUNCATED)
		return REASON_OK;
	if (is_refused(fetch))
		return (struct reason){"UK_PERM", arena_strdup(d->arena, source)};
	if (fetch->status == PLIMSOLL__FETCH__STATUS__TIMEOUT)
		return (struct reason){"UK_TIMEOUT", arena_strdup(d->arena, source)};
	return (struct reason){"UK_API", failure_text(d, fetch, source)};
}

/* The first Engine call that failed: with the API down that is the very first one. A call that went
 * well, or that nobody made, says nothing about the API being down. */
static const Plimsoll__Fetch *first_failed_call(const struct derivation *d)
{
	static const char *const first[] = {"GET /_ping", "GET /version", "GET /info"};

	for (guint i = 0; i < G_N_ELEMENTS(first); i++) {
		const Plimsoll__Fetch *fetch = derive_fetch(d, first[i]);

		if (fetch != NULL && fetch->has_status &&
		    fetch->status != PLIMSOLL__FETCH__STATUS__OK &&
		    fetch->status != PLIMSOLL__FETCH__STATUS__NOT_TRIED)
			return fetch;
	}
	return NULL;
}

bool derive_api_failed(struct derivation *d)
{
	return first_failed_call(d) != NULL;
}

struct reason derive_daemon_down(struct derivation *d)
{
	const Plimsoll__Fetch *fetch = first_failed_call(d);
	const Plimsoll__Snapshot *snapshot = d->facts->snapshot;

	if (fetch == NULL)
		return (struct reason){"UK_DAEMON_DOWN", "it was not asked"};
	if (is_refused(fetch))
		return (struct reason){"UK_PERM", snapshot != NULL && snapshot->endpoint != NULL
							  ? snapshot->endpoint
							  : fetch->source};
	if (fetch->detail != NULL && *fetch->detail != '\0')
		return (struct reason){"UK_DAEMON_DOWN", fetch->detail};
	if (fetch->has_errno_value && fetch->errno_value > 0 && fetch->errno_value < 4096)
		return (struct reason){"UK_DAEMON_DOWN",
				       arena_strdup(d->arena, g_strerror((int)fetch->errno_value))};
	if (fetch->status == PLIMSOLL__FETCH__STATUS__TIMEOUT)
		return (struct reason){"UK_DAEMON_DOWN", "no answer in time"};
	return (struct reason){"UK_DAEMON_DOWN", failure_text(d, fetch, fetch->source)};
}

struct reason derive_host_reason(struct derivation *d)
{
	const Plimsoll__Snapshot *snapshot = d->facts->snapshot;

	if (snapshot != NULL && snapshot->has_host_matches_engine) {
		if (snapshot->host_matches_engine)
			return REASON_OK;
		return (struct reason){"UK_ELSEWHERE", snapshot->host_mismatch};
	}
	/* Without an answering engine there is nothing to mix up with a local socket's host. */
	if (d->engine == NULL && snapshot != NULL && snapshot->endpoint != NULL &&
	    g_str_has_prefix(snapshot->endpoint, "unix://"))
		return REASON_OK;
	return (struct reason){"UK_ELSEWHERE", "whether they belong together was not established"};
}
