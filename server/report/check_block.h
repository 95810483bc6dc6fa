/* SPDX-License-Identifier: Apache-2.0 */
/* One check on a host page: summary, evidence, why, fix. */
#ifndef PLIMSOLL_SERVER_REPORT_CHECK_BLOCK_H
#define PLIMSOLL_SERVER_REPORT_CHECK_BLOCK_H

#include "server/report/html.h"
#include "server/report/page.h"

enum { CHECK_BLOCK_ITEMS = 50 }; /* rows of evidence; the rest is counted */

/* Writes a <details> whose id is the check's name; open for critical failures. */
void check_block_write(struct html *html, const struct page_frame *frame,
		       const struct check_view *check);

#endif
