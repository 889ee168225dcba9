/* SPDX-License-Identifier: Apache-2.0 */
/* Session descriptions of users and of the core, and what is looked for in the answers. */
#ifndef TESTS_ANCHOR_OFFERS_H
#define TESTS_ANCHOR_OFFERS_H

#include "ms-test.h"

#include "anchor/world.h"

#define FP \
	"4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1"
#define FP2 \
	"00:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1"
#define GW_FP \
	"AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB"
#define HEAD "v=0\r\no=ue 1 1 IN IP4 10.1.2.3\r\ns=-\r\nc=IN IP4 10.1.2.3\r\nt=0 0\r\n"
#define CORE_HEAD \
	"v=0\r\no=peer 1 1 IN IP4 198.51.100.5\r\ns=-\r\nc=IN IP4 198.51.100.5\r\nt=0 0\r\n"
#define AUDIO "m=audio 5000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
#define MSRP(port, tls, setup)                                                  \
	"m=message " port " TCP/" tls "MSRP *\r\na=accept-types:text/plain\r\n" \
	"a=path:msrp://ue.example:2855/s1;tcp\r\na=msrp-cema\r\na=setup:" setup "\r\n"
#define BFCP(port, tls, setup)                                                                   \
	"m=application " port " TCP/" tls "BFCP *\r\na=floorctrl:c-only\r\na=connection:new\r\n" \
	"a=setup:" setup "\r\n"
#define E2AE "a=fingerprint:SHA-256 " FP "\r\na=3ge2ae:requested\r\n"
#define HAS_FP "a=fingerprint:SHA-256 " FP "\r\n"

static inline void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static inline struct fake_termination *at(struct world *w, const char *realm, uint16_t stream)
{
	struct fake_termination *t = fake_find(&w->fake[0], realm, stream);

	assert_non_null(t);
	return t;
}

static inline void open_world(struct world *w, bool nat)
{
	struct ms_anchor_policy p = world_policy();

	assert_int_equal(world_open(w, &p, true, nat), 0);
}

#define OLD_MSRP(port, setup)                                   \
	"m=message " port " TCP/MSRP *\r\na=accept-types:*\r\n" \
	"a=path:msrp://10.1.2.3:7777/s1;tcp\r\na=setup:" setup "\r\n"

static inline void establish(struct world *w)
{
	assert_int_equal(world_offer(w, MS_ANCHOR_ACCESS, HEAD MSRP("9", "TLS/", "active") E2AE),
			 0);
	assert_int_equal(world_answer(w, "d1", CORE_HEAD MSRP("2855", "", "passive"), true), 0);
	assert_int_equal(w->status, 0);
	assert_int_equal(fake_terminations(&w->fake[0]), 2);
}

#endif
