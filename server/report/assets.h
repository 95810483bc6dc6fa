/* SPDX-License-Identifier: Apache-2.0 */
/* web/ inside the program: the same bytes on served pages and in files, so one hash holds for both.
 */
#ifndef PLIMSOLL_SERVER_REPORT_ASSETS_H
#define PLIMSOLL_SERVER_REPORT_ASSETS_H

#include <stddef.h>

/* NUL-terminated; the sizes do not count the NUL. */
extern const char web_style_css[];
extern const size_t web_style_css_size;
extern const char web_report_js[];
extern const size_t web_report_js_size;

#endif
