/* SPDX-License-Identifier: Apache-2.0 */
/* Audit rules as text, and as the kernel hands them out. */
#include <string.h>

#include "agent/host/audit_text.h"
#include "agent/host/host_audit.h"
#include "tests/fuzz/fuzz.h"

static void parse_kernel_rule(const uint8_t *data, size_t size, struct arena *arena)
{
	struct host_audit_rule rule;
	g_autofree struct audit_rule_data *copy = NULL;

	if (size < sizeof(*copy))
		return;
	copy = g_malloc(size); /* aligned, and exactly as long as it says */
	memcpy(copy, data, size);
	(void)audit_kernel_rule(copy, size, arena, &rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	g_autofree char *text = g_strndup((const char *)data, size);
	bool truncated = false;
	guint n = 0;

	(void)audit_text_rules(text, arena, &n, &truncated);
	parse_kernel_rule(data, size, arena);
	return 0;
}
