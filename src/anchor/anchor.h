/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offer and answer through a media gateway: what makes a proxy an IMS-ALG (TS 23.334, TS 33.328 clauses
 * 7.2 and 7.3) or an IBCF (TS 29.162). Descriptions go in, procedures of stage 2 go to the gateway by
 * h248/mgc.h, and the description for the other side comes out; or a refusal.
 *
 *   struct ms_anchor          one node: policy, controller, counters. Owned by the program
 *   struct ms_anchor_session  one SIP session (all dialogs one INVITE makes). Owned by the program
 *
 * A session has two sides. Of an IMS-ALG the access side is where the UE is; of an IBCF it is the
 * other network. Each side can offer. What is done with an m-line is decided by the offer that brings
 * it and stays until an offer changes its transport:
 *
 *   UE offers TCP/TLS/x with a=3ge2ae:requested -> e2ae: TLS ends at the gateway, TCP/x goes on
 *   core offers TCP/x, UE and network registered e2ae for x -> e2ae: TCP/TLS/x and 3ge2ae:applied
 *   TCP/TLS/x else -> not touched, or carried through the gateway as plain TCP octets (NAT, policy)
 *   TCP/x else -> not touched, or through the gateway by CEMA, sessmatch or as MSRP B2BUA
 *   anything else (RTP) -> not touched
 *
 * Forking: the endpoint on the answerer's side is reserved with the offer, that on the offerer's side
 * with the first answer of any dialog; all dialogs of the INVITE share both, since all were made the same
 * offer. The first answer is the one the gateway is configured for; later early answers are rewritten
 * with the same addresses but change nothing at the gateway until a 2xx makes another dialog the winner
 * (ms_anchor_answer() with `final` or ms_anchor_confirm()): then the gateway is configured for that one,
 * its fingerprints and addresses alone, and connections to the loser are released. Until then only the
 * dialog that has the gateway may make offers of its own (UPDATE); whatever it agreed on by them, another
 * one that picks up answers the offer of the INVITE.
 */
#ifndef MS_ANCHOR_ANCHOR_H
#define MS_ANCHOR_ANCHOR_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"
#include "core/time.h"
#include "h248/mgc.h"

struct ms_anchor;
struct ms_anchor_session;

#define MS_ANCHOR_LINES_MAX 8    /* m-lines carried through the gateway in one session */
#define MS_ANCHOR_DIALOG_MAX 128 /* octets of what names a dialog: its remote tag */
#define MS_ANCHOR_TEXT_MAX 49152 /* octets of a rewritten description */

enum ms_anchor_side { MS_ANCHOR_ACCESS, MS_ANCHOR_CORE };

/** TS 23.228: how this node meets the session. */
enum ms_anchor_role {
	MS_ANCHOR_ALG,  /* IMS-ALG: a UE on the access side */
	MS_ANCHOR_IBCF, /* networks on both sides: nothing ends here, Ix */
};

/** Which lines go through the gateway although no e2ae asks for it. */
enum ms_anchor_when {
	MS_ANCHOR_NEVER,
	MS_ANCHOR_NAT, /* when the UE is behind a NAT */
	MS_ANCHOR_ALWAYS,
};

/** What to do with MSRP whose offer has no a=msrp-cema (TS 24.247 8.3.1, TR 29.828 4.1.4). */
enum ms_anchor_msrp {
	MS_ANCHOR_MSRP_B2BUA, /* gateway rewrites paths; falls to sessmatch where it cannot (Ix) */
	MS_ANCHOR_MSRP_SESSMATCH, /* the path in SDP alone is changed */
	MS_ANCHOR_MSRP_REFUSE,    /* 488 */
};

/** TS 23.334 clause 5.16: may the TCP set-up direction differ between the sides? */
enum ms_anchor_direction {
	MS_ANCHOR_DIRECTION_KEEP,   /* never: a=setup passes */
	MS_ANCHOR_DIRECTION_NEEDED, /* when the UE is behind a NAT */
	MS_ANCHOR_DIRECTION_FREE,   /* each side negotiates with us alone */
};

struct ms_anchor_policy {
	enum ms_anchor_role role;
	bool msrp, bfcp;           /* e2ae announced by this network in Security-Server */
	bool unregistered;         /* e2ae for UEs that ask without having registered it (RCS) */
	enum ms_anchor_when tls;   /* TCP/TLS/x that is not e2ae */
	enum ms_anchor_when plain; /* TCP/x */
	enum ms_anchor_msrp without_cema;
	enum ms_anchor_direction direction;
	uint32_t fingerprints; /* bits 1 << enum ms_bearer_hash, asked of the gateway; 0: SHA-256 */
	bool sha1;             /* SHA-1 alone is enough from a UE */
	bool filter;           /* gm/saf: only the address in the description may connect */
	uint32_t
		inactivity_s; /* adid/ipstop; 0: not armed. Idle lines are reported, not released */
	uint32_t tcp_ms, tls_ms; /* establishment guards; 0: the gateway's */
	bool has_dscp;
	uint8_t dscp;
	const char *realm[2]; /* ipdc/realm of each side; NULL: none. Borrowed */
	uint8_t family[2];    /* address family wanted there: 4, 6; 0: as the offer */
	size_t max_sessions;  /* 0: 100,000 */
	size_t max_forks;     /* answers kept of one INVITE; 0: 8 */
};

/** What the registration (or its absence) says of this session. */
struct ms_anchor_context {
	bool ue_msrp, ue_bfcp; /* Security-Client: msrp-tls;mediasec, bfcp-tls;mediasec */
	bool nat;              /* the UE's address differs from where it sends from */
	void *user;            /* the program's own */
};

/** How an offer or answer ended. */
struct ms_anchor_result {
	int status;         /* 0: forward `sdp`; else a SIP status (488, 500, 503, 480) */
	const char *reason; /* of a refusal: counter name, static */
	uint16_t h248;      /* of a refusal by the gateway: its error code, else 0 */
	struct ms_span sdp; /* borrowed until the callback returns */
	bool changed;       /* sdp differs from what came in */
};

typedef void ms_anchor_done(void *arg, struct ms_anchor_session *s,
			    const struct ms_anchor_result *r);

struct ms_anchor_handlers {
	/**
	 * The session cannot go on: to be released from both sides with this SIP cause and reason
	 * (counter name, static); `detail` for the log and Reason header, e.g. "fpmismatch".
	 * ms_anchor_release() is left to the program. Told once.
	 */
	void (*end)(void *arg, struct ms_anchor_session *s, int cause, const char *reason,
		    const char *detail);
	/** A bearer did something that does not end the session. May be NULL. */
	void (*event)(void *arg, struct ms_anchor_session *s, size_t line, enum ms_anchor_side side,
		      const struct ms_bearer_event *event);
	/** What is to be kept over a restart changed: ms_anchor_save(). May be NULL. */
	void (*changed)(void *arg, struct ms_anchor_session *s);
	void (*count)(void *arg, const char *counter); /* static name; may be NULL */
	void *arg;
};

/** The names that `count` and refusals use, ending with NULL, for a program to register. */
extern const char *const ms_anchor_counters[];

/** The policy is copied (realm strings are borrowed); `mgc` is borrowed. -ENOMEM. */
MS_MUST_CHECK int ms_anchor_new(const struct ms_anchor_policy *p, struct ms_mgc *mgc,
				const struct ms_anchor_handlers *h, struct ms_anchor **ret_a);

/** Another policy for offers from now on, borrowed strings as before; max_sessions stays. */
void ms_anchor_set_policy(struct ms_anchor *a, const struct ms_anchor_policy *p);

/** Frees; its sessions must be gone. NULL is fine. Returns NULL. */
struct ms_anchor *ms_anchor_free(struct ms_anchor *a);

/** A session that has no offer yet. -ENOMEM, -ENOSPC (max_sessions). */
MS_MUST_CHECK int ms_anchor_session_new(struct ms_anchor *a, const struct ms_anchor_context *c,
					struct ms_anchor_session **ret_s);
void *ms_anchor_session_user(const struct ms_anchor_session *s);

/**
 * An offer came from side `from` (INVITE, UPDATE, PRACK, 200 to an INVITE without one). `dialog`
 * names the dialog, empty in an initial INVITE. `done` is called once, perhaps before this returns; it
 * may release the session. Returns 0, or without calling `done`: -EBUSY (another offer or answer
 * is still being worked on: the program queues or answers 491), -ENOMEM.
 */
MS_MUST_CHECK int ms_anchor_offer(struct ms_anchor_session *s, enum ms_anchor_side from,
				  struct ms_span dialog, struct ms_span sdp, ms_usec now,
				  ms_anchor_done *done, void *arg);

/**
 * The answer to the pending offer, from the other side. `final`: in the 2xx of an INVITE, or in the
 * answer of any other transaction; false in a provisional response. The same answer again (183, then
 * 200, in the same dialog) gives the same result and changes nothing. After a refusal because of what
 * the answer says (488) another answer may come; after one by the gateway the session is to be
 * released. -EBUSY as above, -ENOENT (no offer). Until a final answer came to INVITE, an answer in another
 * dialog than ms_anchor_session_dialog() is one to INVITE's offer, and takes back what that one offered.
 */
MS_MUST_CHECK int ms_anchor_answer(struct ms_anchor_session *s, struct ms_span dialog,
				   struct ms_span sdp, bool final, ms_usec now,
				   ms_anchor_done *done, void *arg);

/** A 2xx without a description: this dialog won, its answer came before. `done` may be NULL. */
MS_MUST_CHECK int ms_anchor_confirm(struct ms_anchor_session *s, struct ms_span dialog, ms_usec now,
				    ms_anchor_done *done, void *arg);

/**
 * The pending offer failed (3xx to 6xx, CANCEL, a timeout): all is as it was before it. Of the
 * first offer nothing remains. Also while a procedure is on its way; its `done` is not called any more.
 */
void ms_anchor_rollback(struct ms_anchor_session *s, ms_usec now);

/** The end of the session: everything at the gateway is released. NULL is fine. Returns NULL. */
struct ms_anchor_session *ms_anchor_release(struct ms_anchor_session *s, ms_usec now);

/* ---- what operators ask ---- */

enum ms_anchor_treatment {
	MS_ANCHOR_UNTOUCHED,
	MS_ANCHOR_TRANSPARENT, /* octets of TCP through the gateway */
	MS_ANCHOR_E2AE,        /* TLS between UE and gateway */
};

struct ms_anchor_line_info {
	enum ms_anchor_treatment treatment;
	const char *mode;           /* "tls", "cema", "sessmatch", "b2bua", "bfcp", "-" */
	const char *medium;         /* "msrp", "bfcp", "other" */
	bool up;                    /* answered */
	const char *termination[2]; /* at the gateway, by side; "" if none */
};

/** The i-th m-line; false past the last. Spans and strings are borrowed. */
bool ms_anchor_line_info(const struct ms_anchor_session *s, size_t i,
			 struct ms_anchor_line_info *ret);

/** The dialog (its remote tag) that the gateway is configured for; "" if none, or after a restart. */
const char *ms_anchor_session_dialog(const struct ms_anchor_session *s);

/** The context at the gateway, or NULL when no line goes through one. */
const struct ms_mgc_context *ms_anchor_session_context(const struct ms_anchor_session *s);

/* ---- over a restart ---- */

/**
 * Writes what is needed to know the session again after a restart (text, one line a fact). Only of a
 * session without a pending offer; -EBUSY else: what was saved before stays right. -EMSGSIZE, -ENOMEM.
 */
MS_MUST_CHECK int ms_anchor_save(const struct ms_anchor_session *s, struct ms_buf *out);

/**
 * The reverse; the gateway must have been added to the controller. The next audit there confirms the
 * session or ends it. -EBADMSG, -ENOENT (gateway not known), -ENOMEM, -ENOSPC, -EEXIST.
 */
MS_MUST_CHECK int ms_anchor_load(struct ms_anchor *a, struct ms_span saved, void *user,
				 struct ms_anchor_session **ret_s);

#endif
