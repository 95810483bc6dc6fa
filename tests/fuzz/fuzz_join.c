/* SPDX-License-Identifier: Apache-2.0 */
/* What a person pastes and what an enrolment server answers. A join string that reads must be fit
 * for a header line and for URLs. */
#include <string.h>

#include "agent/ship/identity.h"
#include "agent/ship/join.h"
#include "tests/fuzz/fuzz.h"

static void check_join(const struct join *join)
{
	g_assert_true(g_str_has_prefix(join->enroll_url, "https://"));
	g_assert_true(g_str_has_prefix(join->agents_url, "https://"));
	g_assert_null(strpbrk(join->enroll_url, "\r\n @?#"));
	g_assert_null(strpbrk(join->agents_url, "\r\n @?#"));
	g_assert_null(strpbrk(join->token, "\r\n :"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *encoded = g_base64_encode(data, size);
	g_autofree char *wrapped = g_strconcat("plimsoll-join:", encoded, NULL);

	g_strdelimit(wrapped, "+", '-');
	g_strdelimit(wrapped, "/", '_');
	PLIMSOLL_AUTO(join) *join = join_parse((const char *)data, size, NULL);
	if (join != NULL)
		check_join(join);
	PLIMSOLL_AUTO(join) *inner = join_parse(wrapped, strlen(wrapped), NULL);
	if (inner != NULL)
		check_join(inner);
	PLIMSOLL_AUTO(identity_grant) *grant = identity_grant_parse((const char *)data, size, NULL);
	(void)grant;
	return 0;
}
