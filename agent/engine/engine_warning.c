/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sentences that dockerd 20.10 to 29 puts into info.Warnings, told by a piece that stayed the
 * same over the releases. Their text is not sent: it holds addresses.
 */
#include "agent/engine/engine_warning.h"

#include <string.h>

static const struct {
	const char *piece;
	Plimsoll__Engine__Warning warning;
} sentences[] = {
	{"API is accessible on http://", PLIMSOLL__ENGINE__WARNING__PLAIN_HTTP},
	{"without TLS client verification", PLIMSOLL__ENGINE__WARNING__TLS_WITHOUT_VERIFY},
	{"No memory limit support", PLIMSOLL__ENGINE__WARNING__NO_MEMORY_LIMIT},
	{"No swap limit support", PLIMSOLL__ENGINE__WARNING__NO_SWAP_LIMIT},
	{"No kernel memory", PLIMSOLL__ENGINE__WARNING__NO_KERNEL_MEMORY_LIMIT},
	{"No oom kill disable support", PLIMSOLL__ENGINE__WARNING__NO_OOM_KILL_DISABLE},
	{"No cpu cfs quota support", PLIMSOLL__ENGINE__WARNING__NO_CPU_CFS_QUOTA},
	{"No cpu cfs period support", PLIMSOLL__ENGINE__WARNING__NO_CPU_CFS_PERIOD},
	{"No cpu shares support", PLIMSOLL__ENGINE__WARNING__NO_CPU_SHARES},
	{"No cpuset support", PLIMSOLL__ENGINE__WARNING__NO_CPUSET},
	{"No blkio", PLIMSOLL__ENGINE__WARNING__NO_BLKIO},
	{"No io.", PLIMSOLL__ENGINE__WARNING__NO_BLKIO},
	{"IPv4 forwarding is disabled", PLIMSOLL__ENGINE__WARNING__IPV4_FORWARDING_OFF},
	{"bridge-nf-call-iptables is disabled", PLIMSOLL__ENGINE__WARNING__BRIDGE_NF_IPTABLES_OFF},
	{"bridge-nf-call-ip6tables is disabled",
	 PLIMSOLL__ENGINE__WARNING__BRIDGE_NF_IP6TABLES_OFF},
	{"PIDs limit", PLIMSOLL__ENGINE__WARNING__NO_PIDS_LIMIT},
	{"pids limit", PLIMSOLL__ENGINE__WARNING__NO_PIDS_LIMIT},
	{"storage-driver is deprecated", PLIMSOLL__ENGINE__WARNING__STORAGE_DRIVER_DEPRECATED},
	{"usage of loopback devices", PLIMSOLL__ENGINE__WARNING__LOOPBACK_DEVICES},
	{"cgroup v1", PLIMSOLL__ENGINE__WARNING__CGROUP_V1},
	{"without d_type support", PLIMSOLL__ENGINE__WARNING__NO_D_TYPE},
	{"io.containerd.runtime.v1", PLIMSOLL__ENGINE__WARNING__RUNC_V1},
};

static Plimsoll__Engine__Warning warning_of(const char *text)
{
	for (size_t i = 0; i < G_N_ELEMENTS(sentences); i++)
		if (strstr(text, sentences[i].piece) != NULL)
			return sentences[i].warning;
	return PLIMSOLL__ENGINE__WARNING__OTHER;
}

void engine_warning_take(struct engine_parse *parse, const struct json *list,
			 Plimsoll__Engine *engine)
{
	enum { KINDS = PLIMSOLL__ENGINE__WARNING__RUNC_V1 + 1 };
	bool seen[KINDS] = {false};

	if (list == NULL || (!json_is(list, JSON_KIND_NULL) && !json_is(list, JSON_KIND_ARRAY)))
		return;
	for (size_t i = 0; i < json_length(list); i++) {
		const char *text = json_as_string(json_at(list, i), NULL);

		seen[text == NULL ? PLIMSOLL__ENGINE__WARNING__OTHER : warning_of(text)] = true;
	}
	engine->has_warn_plain_http = true;
	engine->warn_plain_http = seen[PLIMSOLL__ENGINE__WARNING__PLAIN_HTTP];
	engine->warning = arena_calloc(parse->arena, KINDS, sizeof(*engine->warning));
	for (int kind = 0; kind < KINDS; kind++)
		if (seen[kind])
			engine->warning[engine->n_warning++] = (Plimsoll__Engine__Warning)kind;
}
