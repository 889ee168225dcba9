/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offer and answer (RFC 3264) for MSRP lines, with the roles of RFC 4145 and 6135 and the middlebox
 * rules of RFC 6714. Other lines of an offer (RTP) are refused with port 0, or answered with what
 * the caller supplies.
 */
#ifndef MS_SDP_OFFER_H
#define MS_SDP_OFFER_H

#include "core/buf.h"
#include "core/fault.h"
#include "sdp/build.h"
#include "sdp/sdp.h"

struct ms_sdp_attr_value {
	const char *name;
	struct ms_span value; /* p == NULL: "a=name" alone */
};

/** One line as this side wants it. Everything is borrowed. */
struct ms_sdp_line_spec {
	bool tls;                    /* TCP/TLS/MSRP; false: TCP/MSRP */
	uint16_t port;               /* where we listen; 9 is written when setup is active */
	struct ms_span path;         /* our MSRP URI */
	struct ms_span accept_types; /* "*" if empty */
	struct ms_span accept_wrapped_types; /* left out if empty */
	uint64_t max_size;                   /* octets; UINT64_MAX: left out */
	enum ms_sdp_setup setup; /* offer: ACTPASS or ACTIVE; answer: what to prefer, or NONE */
	bool no_cema;            /* leave a=msrp-cema out of an offer */
	enum ms_sdp_direction direction;
	struct ms_span key_mgmt; /* raw MIKEY message for this line; left out if empty */
	const struct ms_sdp_attr_value *attrs; /* more attributes, e.g. those of RFC 5547 */
	size_t n_attrs;
	/*
	 * For a line that is not MSRP (RTP beside it): the whole section as text, from "m=" on, lines
	 * ending with CRLF. All fields above are then unused.
	 */
	struct ms_span verbatim;
};

/**
 * Appends an offer of `n` lines. `key_mgmt` (raw, may be empty) is put at session level. -EINVAL for
 * a setup an offer must not have (passive; RFC 6135 section 4.2.2) or a bad value; -EMSGSIZE.
 */
MS_MUST_CHECK int ms_sdp_offer(struct ms_buf *b, const struct ms_sdp_session_info *info,
			       struct ms_span key_mgmt, const struct ms_sdp_line_spec *lines,
			       size_t n);

/** How one line of an offer is answered. */
struct ms_sdp_answer_line {
	bool accept; /* false: port 0 */
	struct ms_sdp_line_spec line;
};

/**
 * Appends the answer to `offer`: as many lines as the offer has, in its order; lines from `n` on and
 * those not accepted get port 0, and so does one that RFC 6714 section 4.3 says to reject. The
 * transport of the offer is kept; `line.tls` is not used. Setup is chosen by ms_sdp_setup_answer(),
 * CEMA and direction follow the offer. -EINVAL, -EMSGSIZE, or -EPROTO with *f (f->reason: sdp_setup)
 * when the roles cannot be met.
 */
MS_MUST_CHECK int ms_sdp_answer(struct ms_buf *b, const struct ms_sdp_session_info *info,
				const struct ms_sdp *offer, struct ms_span key_mgmt,
				const struct ms_sdp_answer_line *lines, size_t n,
				struct ms_fault *f);

/**
 * Checks an answer against the offer it is for (RFC 3264 section 6): number of lines, media and
 * transport of each, setup. Returns 0 or -EPROTO with f->reason sdp_answer_lines,
 * sdp_answer_media, sdp_answer_transport, sdp_setup; f->offset is then the index of the line.
 */
MS_MUST_CHECK int ms_sdp_answer_check(const struct ms_sdp *offer, const struct ms_sdp *answer,
				      struct ms_fault *f);

/**
 * The setup of an answer. `offered`: NONE counts as active (RFC 4975 section 5.4: the offerer
 * connects). `preferred` (NONE: passive, as RFC 6135 section 4.2.2 recommends) is followed when the
 * offer is actpass. Returns 0 or -EPROTO if `preferred` contradicts the offer.
 */
MS_MUST_CHECK int ms_sdp_setup_answer(enum ms_sdp_setup offered, enum ms_sdp_setup preferred,
				      enum ms_sdp_setup *ret_setup);

/**
 * Who opens the TCP connection and is TLS client (RFC 6135 section 6): *ret_offerer_active. An
 * answer without setup makes the offerer active. -EPROTO if the two contradict.
 */
MS_MUST_CHECK int ms_sdp_setup_roles(enum ms_sdp_setup offered, enum ms_sdp_setup answered,
				     bool *ret_offerer_active);

/** What RFC 6714 makes of a line the peer sent. */
enum ms_sdp_cema {
	MS_SDP_CEMA_USE,      /* both know CEMA: connect to the c=/m= address */
	MS_SDP_CEMA_FALLBACK, /* RFC 4975: connect to the path */
	MS_SDP_CEMA_REJECT,   /* offer without CEMA whose address and path differ: port 0 or 488 */
	MS_SDP_CEMA_REOFFER, /* answer without CEMA and a middlebox: new offer without CEMA, or end */
};

/** RFC 6714 section 4.3 for a received offer, relays not being used by us. */
enum ms_sdp_cema ms_sdp_cema_offer(const struct ms_sdp_media *offer, const struct ms_sdp_msrp *m);

/** RFC 6714 section 4.2.2 for a received answer to an offer that had a=msrp-cema. */
enum ms_sdp_cema ms_sdp_cema_answer(const struct ms_sdp_media *answer, const struct ms_sdp_msrp *m);

/**
 * Does the address of c=/m= match the outermost URI of the path (RFC 6714 section 4.4)? Literals are
 * compared as addresses; host names as text. An active party's port 9 matches any port.
 */
bool ms_sdp_address_matches_path(const struct ms_sdp_media *m, struct ms_span path);

#endif
