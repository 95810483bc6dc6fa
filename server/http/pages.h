/* SPDX-License-Identifier: Apache-2.0 */
/* From rows of the store to the structs of server/report/page.h, and so to pages. */
#ifndef PLIMSOLL_SERVER_HTTP_PAGES_H
#define PLIMSOLL_SERVER_HTTP_PAGES_H

#include "server/http/worker.h"
#include "server/report/page.h"
#include "server/store/fleet.h"

enum { PAGES_SILENT_S = 86400 };

/*
 * Makes a page inside the reader's open transaction.
 *
 * rest   the path behind the page's own, not decoded.
 * gives  the page; NULL with no error: there is no such thing.
 */
typedef GString *pages_maker(const struct page_frame *frame, const struct exchange *exchange,
			     struct worker *worker, const char *rest, GError **error);

pages_maker pages_fleet;
pages_maker pages_host;
pages_maker pages_check;

/* How fresh a host of this source is whose last report came, or was taken, at last_s (0 = never).
 */
enum freshness pages_freshness(const struct config *config, enum host_source source, int64_t last_s,
			       int64_t now_s);

#endif
