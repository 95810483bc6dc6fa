/* SPDX-License-Identifier: Apache-2.0 */
/* Reason codes and their texts. */
#include "checks/reason.h"

#include <string.h>

#include "proto/arena.h"

#define CODE(text) (text), sizeof(text) - 1

/* with: text before and after the argument. without: the whole text when there is none. */
static const struct {
	const char *code;
	size_t length; /* of code */
	const char *before, *after;
	const char *without;
} reasons[] = {
	{CODE("NA"), "", "", "does not apply here"},
	{CODE("NA_NO_ENGINE"), NULL, NULL, "no Docker Engine on this host"},
	{CODE("NA_PODMAN"), NULL, NULL, "the engine is Podman; this is a dockerd setting"},
	{CODE("NA_ROOTLESS"), NULL, NULL,
	 "rootless engine: the control concerns a system-wide object"},
	{CODE("NA_ABSENT"), "", " does not exist", "the file does not exist"},
	{CODE("NA_NO_SYSTEMD"), NULL, NULL, "no unit of that name on this host"},
	{CODE("NA_NO_TCP"), NULL, NULL, "the engine does not listen on TCP"},
	{CODE("NA_NO_CONTAINERS"), NULL, NULL, "no containers on this host"},
	{CODE("NA_NO_RUNNING"), NULL, NULL, "no running container on this host"},
	{CODE("NA_NO_IMAGES"), NULL, NULL, "no images on this host"},
	{CODE("NA_NO_SWARM"), NULL, NULL, "node is not part of a swarm"},
	{CODE("NA_WORKER"), NULL, NULL, "swarm worker; judged on the managers"},
	{CODE("NA_SWARM_TASKS"), NULL, NULL,
	 "every container here is a swarm task; its policy is judged on the service"},
	{CODE("NA_NO_LSM"), "the kernel has no active ", "",
	 "the kernel has no active AppArmor or SELinux"},
	{CODE("NA_ENGINE_VERSION"), NULL, NULL, "the engine release no longer has this feature"},
	{CODE("NA_EXAMPLE"), NULL, NULL, "demonstration check, not a control"},
	{CODE("NA_OS"), NULL, NULL, "the engine does not run Linux containers"},
	{CODE("UK"), "", "", "not seen"},
	{CODE("UK_DAEMON_DOWN"), "engine API did not answer: ", "", "engine API did not answer"},
	{CODE("UK_API"), "", "", "the engine answered with an error"},
	{CODE("UK_TIMEOUT"), "", " not answered in time", "not answered in time"},
	{CODE("UK_PERM"), "no permission to read ", "", "no permission"},
	{CODE("UK_TOOL"), NULL, NULL,
	 "audit rules can be read neither with auditctl nor over netlink"},
	{CODE("UK_USERNS"), NULL, NULL,
	 "agent runs in a user or pid namespace and cannot see host owners and processes"},
	{CODE("UK_AMBIGUOUS"), NULL, NULL,
	 "more than one dockerd; cannot tell which one serves the API"},
	{CODE("UK_STALE"), NULL, NULL,
	 "daemon.json changed after dockerd started; the loaded value is not visible"},
	{CODE("UK_NO_PROCESS"), NULL, NULL, "the dockerd process is not visible from here"},
	{CODE("UK_ELSEWHERE"), NULL, NULL,
	 "the engine runs on another machine than the one whose files were read"},
	{CODE("UK_GONE_PEER"), "namespace owner container is not in the snapshot: ", "",
	 "namespace owner container is not in the snapshot"},
	{CODE("UK_LOCKED"), NULL, NULL, "swarm is locked"},
	{CODE("UK_TRUNCATED"), "collector limit reached: ", "", "collector limit reached"},
	{CODE("UK_OLD_AGENT"), "this agent release does not collect ", "",
	 "this agent release does not collect it"},
	{CODE("UK_RUNTIME"), "container runtime ", " hides its processes from the host",
	 "the container runtime hides its processes from the host"},
};

/* Index into reasons, or -1; *ret_argument is what follows the bar, or NULL. */
static int find_reason(const char *reason, const char **ret_argument)
{
	const char *bar = reason != NULL ? strchr(reason, '|') : NULL;
	size_t length = 0;

	*ret_argument = bar != NULL && bar[1] != '\0' ? bar + 1 : NULL;
	if (reason == NULL)
		return -1;
	length = bar != NULL ? (size_t)(bar - reason) : strlen(reason);
	for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
		if (reasons[i].length == length && memcmp(reasons[i].code, reason, length) == 0)
			return (int)i;
	return -1;
}

bool reason_is_valid(const char *reason)
{
	const char *argument = NULL;

	return find_reason(reason, &argument) >= 0;
}

enum verdict reason_verdict(const char *reason)
{
	return reason_is_valid(reason) && strncmp(reason, "NA", 2) == 0 ? VERDICT_NOT_APPLICABLE
									: VERDICT_UNKNOWN;
}

const char *reason_code(struct arena *arena, const char *reason)
{
	const char *argument = NULL;
	int i = find_reason(reason, &argument);

	if (reason == NULL)
		return NULL;
	return i >= 0 ? reasons[i].code : arena_strdup(arena, "UK");
}

const char *reason_text(struct arena *arena, const char *reason)
{
	const char *argument = NULL;
	int i = find_reason(reason, &argument);

	if (i < 0)
		return arena_strdup(arena, reason);
	if (argument == NULL)
		return reasons[i].without;
	if (reasons[i].before ==
	    NULL) /* the text has no place for it, but the reader may want it */
		return arena_printf(arena, "%s (%s)", reasons[i].without, argument);
	return arena_printf(arena, "%s%s%s", reasons[i].before, argument, reasons[i].after);
}

static const char *source_of(const Plimsoll__Fetch *fetch)
{
	return fetch->source != NULL ? fetch->source : "a source";
}

/* "GET /info answered 500", or why there was no answer. */
static const char *failed_answer(struct arena *arena, const Plimsoll__Fetch *fetch)
{
	if (fetch->has_http_status && fetch->http_status != 0)
		return arena_printf(arena, "UK_API|%s answered %" G_GINT64_FORMAT, source_of(fetch),
				    (gint64)fetch->http_status);
	return arena_printf(arena, "UK_API|%s failed%s%s", source_of(fetch),
			    fetch->detail != NULL ? ": " : "",
			    fetch->detail != NULL ? fetch->detail : "");
}

static const char *with_detail(struct arena *arena, const char *before,
			       const Plimsoll__Fetch *fetch, const char *after)
{
	return arena_printf(arena, "%s%s%s%s%s", before, source_of(fetch), after,
			    fetch->detail != NULL ? ": " : "",
			    fetch->detail != NULL ? fetch->detail : "");
}

const char *reason_of_fetch(struct arena *arena, const Plimsoll__Fetch *fetch)
{
	if (!fetch->has_status)
		return with_detail(arena, "UK|", fetch, " has no status");
	switch (fetch->status) {
	case PLIMSOLL__FETCH__STATUS__OK:
	case PLIMSOLL__FETCH__STATUS__ABSENT:
		return NULL;
	case PLIMSOLL__FETCH__STATUS__PERMISSION:
		return arena_printf(arena, "UK_PERM|%s", source_of(fetch));
	case PLIMSOLL__FETCH__STATUS__TIMEOUT:
		return arena_printf(arena, "UK_TIMEOUT|%s", source_of(fetch));
	case PLIMSOLL__FETCH__STATUS__HTTP_ERROR:
		return failed_answer(arena, fetch);
	case PLIMSOLL__FETCH__STATUS__PARSE_ERROR:
		return with_detail(arena, "UK_API|", fetch, " could not be parsed");
	case PLIMSOLL__FETCH__STATUS__TRUNCATED:
		return with_detail(arena, "UK_TRUNCATED|", fetch, "");
	case PLIMSOLL__FETCH__STATUS__NOT_TRIED:
		return with_detail(arena, "UK|", fetch, " was not tried");
	case _PLIMSOLL__FETCH__STATUS_IS_INT_SIZE:
	default:
		return with_detail(arena, "UK|", fetch,
				   " ended in a way this release does not know");
	}
}
