/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the anchor. */
#ifndef MS_ANCHOR_PRIV_H
#define MS_ANCHOR_PRIV_H

#include "anchor/anchor.h"
#include "core/list.h"
#include "sdp/sdp.h"

#define MS_ANCHOR_MEDIA_MAX 32 /* m-lines of a description */

enum ms_anchor_medium { MS_ANCHOR_OTHER, MS_ANCHOR_MSRP, MS_ANCHOR_BFCP };

/** How a line passes the gateway: what `mode` of struct ms_anchor_line_info says. */
enum ms_anchor_mode {
	MS_ANCHOR_MODE_NONE,
	MS_ANCHOR_MODE_TLS,       /* TLS octets of somebody else */
	MS_ANCHOR_MODE_CEMA,      /* RFC 6714: the path is not touched */
	MS_ANCHOR_MODE_SESSMATCH, /* the path in SDP is changed, messages are not */
	MS_ANCHOR_MODE_B2BUA,     /* the gateway changes paths in messages */
	MS_ANCHOR_MODE_BFCP,
};

/** What a party says of itself in one m-line. */
struct ms_anchor_party {
	struct ms_bearer_address address;
	enum ms_sdp_setup setup; /* as it stands; NONE: no attribute */
	bool inactive;
	bool new_connection; /* BFCP: a=connection:new */
	struct ms_bearer_fingerprints fingerprints;
	char path[MS_BEARER_PATH_MAX]; /* MSRP; "" if there is none */
};

/** Our endpoint on one side of a line, and the party there. */
struct ms_anchor_end {
	bool there;  /* at the gateway */
	bool active; /* the party opens TCP */
	bool client; /* we are TLS client (e2ae, access side) */
	struct ms_bearer_address local;
	struct ms_bearer_fingerprints own; /* the gateway's, when TLS ends here */
	char path[MS_BEARER_PATH_MAX];     /* the gateway's, B2BUA */
	struct ms_anchor_party party;
};

/** One m-line that goes through the gateway. Owned by its session. */
struct ms_anchor_line {
	unsigned k; /* slots 2k, 2k+1 by side; stream k+1 */
	enum ms_anchor_treatment treatment;
	enum ms_anchor_medium medium;
	enum ms_anchor_mode mode;
	bool up;     /* answered once */
	bool failed; /* its bearer could not be established */
	struct ms_anchor_end end[2];
};

/** What is to be done with an m-line. */
struct ms_anchor_decision {
	enum ms_anchor_treatment treatment;
	enum ms_anchor_medium medium;
	enum ms_anchor_mode mode;
};

/** What an offer wants of one m-line. */
struct ms_anchor_plan {
	struct ms_anchor_decision decided;
	struct ms_anchor_line *line;  /* NULL: not touched */
	struct ms_anchor_line *stale; /* replaced or switched off: goes when the answer comes */
	bool fresh;                   /* `line` is made by this offer, owned until committed */
	bool rejected;                /* port 0 */
	enum ms_sdp_setup out;        /* the setup we offer to the other side */
	bool offerer_is_ue;           /* BFCP: who is TLS client of a new connection */
	struct ms_anchor_party party;
};

/* The offer of INVITE, put aside while the dialog that was first goes on with UPDATE. */
struct ms_anchor_first {
	struct ms_anchor_plan *plan; /* owned; NULL: it is the pending one, or there is none */
	size_t n_plan;
	enum ms_anchor_side from;
};

struct ms_anchor_fork {
	struct ms_list link;
	char dialog[MS_ANCHOR_DIALOG_MAX];
	char *sdp; /* its answer, owned */
};

enum ms_anchor_step {
	MS_ANCHOR_IDLE,
	MS_ANCHOR_OFFERING,  /* the gateway reserves */
	MS_ANCHOR_OFFERED,   /* the other side is asked */
	MS_ANCHOR_ANSWERING, /* the gateway is configured */
	MS_ANCHOR_UNDOING,   /* what an offer reserved is given back */
};

struct ms_anchor_session {
	struct ms_list link;
	struct ms_anchor *anchor;
	struct ms_anchor_context c;
	struct ms_mgc_context *context; /* NULL: no line goes through a gateway */
	struct ms_anchor_line *line[MS_ANCHOR_MEDIA_MAX];
	size_t n_media;
	bool others_up; /* lines that are not touched and not rejected */
	bool ended;     /* handlers.end was called */
	enum ms_anchor_step step;

	/* the offer that is pending, and its answers */
	enum ms_anchor_side from;
	bool initial;
	bool answered; /* the gateway is configured for it */
	/* whose answers the gateway is configured for; "": none, or before a restart */
	char winner[MS_ANCHOR_DIALOG_MAX];
	/* INVITE brought the first offer and has no final answer: other dialogs may still come */
	bool early;
	struct ms_anchor_first first;
	char *offer; /* text, owned */
	size_t offer_len;
	struct ms_anchor_plan *plan; /* n_plan of them */
	size_t n_plan;
	struct ms_list forks;
	size_t n_forks;
	unsigned tries; /* gateways asked */
	ms_usec now;    /* when the offer or answer being worked on came */

	/* the procedure that is on its way */
	char *answer; /* text of the answer being worked on, owned */
	size_t answer_len;
	bool final;
	ms_anchor_done *done;
	void *arg;
};

struct ms_anchor {
	struct ms_anchor_policy p;
	struct ms_mgc *mgc;
	struct ms_anchor_handlers h;
	struct ms_list sessions;
	size_t n_sessions;
};

#define MS_ANCHOR_SLOT(line, side) ((line)->k * 2 + (unsigned)(side))

static inline enum ms_anchor_side ms_anchor_other(enum ms_anchor_side s)
{
	return s == MS_ANCHOR_ACCESS ? MS_ANCHOR_CORE : MS_ANCHOR_ACCESS;
}

void ms_anchor_count(const struct ms_anchor *a, const char *counter);

/* ---- decisions (decide.c) ---- */

/** What is to be done with an m-line of an offer of side `from`; `had`: its line so far, or NULL.
 * -EPROTO with *ret_reason: the offer is to be refused (488). */
MS_MUST_CHECK int ms_anchor_decide(const struct ms_anchor_session *s, const struct ms_sdp_media *m,
				   enum ms_anchor_side from, const struct ms_anchor_line *had,
				   struct ms_anchor_decision *ret_d, const char **ret_reason);

bool ms_anchor_line_fits(const struct ms_anchor_line *l, const struct ms_anchor_decision *d);

/* ---- parties (party.c) ---- */

/** Reads what the party of an m-line says; `tls`: its fingerprints are needed. As above. */
MS_MUST_CHECK int ms_anchor_party_read(const struct ms_anchor *a, const struct ms_sdp *sdp,
				       const struct ms_sdp_media *m, enum ms_anchor_mode mode,
				       bool tls, struct ms_anchor_party *ret_p,
				       const char **ret_reason);

/** The same address, roles, keys and path: a connection that is up may stay. */
bool ms_anchor_party_same(const struct ms_anchor_party *a, const struct ms_anchor_party *b);

/* ---- roles (roles.c) ---- */

/** May the TCP direction be changed for the sake of this session? */
bool ms_anchor_turns(const struct ms_anchor_session *s);

/** The setup to offer to the side `to` for one offered by the other side. */
enum ms_sdp_setup ms_anchor_setup_out(const struct ms_anchor_session *s, enum ms_sdp_setup in,
				      enum ms_anchor_side to);

struct ms_anchor_roles {
	bool offerer_active;    /* the offerer of the line opens TCP to us */
	bool answerer_active;   /* the answerer does */
	enum ms_sdp_setup back; /* setup of the answer we give; NONE: none */
};

/** Who opens TCP on each side. -EPROTO: the answer contradicts what was offered. */
MS_MUST_CHECK int ms_anchor_roles(const struct ms_anchor_session *s, const struct ms_anchor_plan *p,
				  enum ms_sdp_setup answered, struct ms_anchor_roles *ret_r);

/* ---- endpoints (bearer.c) ---- */

/** The endpoint of a line as it is reserved with an offer: nothing is known of the party. */
void ms_anchor_bearer_reserve(const struct ms_anchor_session *s, const struct ms_anchor_line *l,
			      enum ms_anchor_side side, enum ms_sdp_setup out,
			      const struct ms_anchor_party *like, struct ms_bearer *ret_b);

/** As it is configured with an answer. `restart`: connections begin anew. */
void ms_anchor_bearer_configure(const struct ms_anchor_session *s, const struct ms_anchor_line *l,
				enum ms_anchor_side side, bool restart, bool start_tcp,
				struct ms_bearer *ret_b);

/** Takes what the gateway filled in. */
void ms_anchor_end_take(struct ms_anchor_end *e, const struct ms_bearer *b);

/* ---- descriptions (rewrite.c) ---- */

/** What happens to one m-line of a description. */
struct ms_anchor_edit {
	const struct ms_anchor_line *line; /* NULL: not touched */
	enum ms_sdp_setup setup;           /* of the new text; NONE: no attribute */
	bool applied;                      /* a=3ge2ae:applied */
};

/** Writes `sdp` for side `to`. -EMSGSIZE, -ENOMEM, -EINVAL. */
MS_MUST_CHECK int ms_anchor_rewrite(const struct ms_sdp *sdp, const struct ms_anchor_edit *edits,
				    enum ms_anchor_side to, struct ms_buf *out);

/* ---- what an answer says (verdict.c) ---- */

struct ms_anchor_verdict {
	bool accepted;
	struct ms_anchor_party party;
	struct ms_anchor_roles roles;
};

/**
 * Reads s->answer into *sdp, which is to be done with in any case, and as many verdicts as the plan has
 * lines. -EPROTO with *ret_reason: it does not fit the offer; -ENOMEM.
 */
MS_MUST_CHECK int ms_anchor_verdicts_read(const struct ms_anchor_session *s, struct ms_sdp *sdp,
					  struct ms_anchor_verdict *verdicts,
					  const char **ret_reason);
/** The answer for the offerer. As ms_anchor_rewrite(). */
MS_MUST_CHECK int ms_anchor_verdicts_rewrite(const struct ms_anchor_session *s,
					     const struct ms_sdp *sdp,
					     const struct ms_anchor_verdict *verdicts,
					     struct ms_buf *out);

/* ---- the gateway for an answer (configure.c) ---- */

/** Takes over both parties of each line and asks the gateway; done() has the session. -ENODATA: it has
 * nothing to do. */
MS_MUST_CHECK int ms_anchor_configure(struct ms_anchor_session *s,
				      const struct ms_anchor_verdict *verdicts, ms_mgc_done *done);
/** Takes what it filled in. */
void ms_anchor_configured(struct ms_anchor_session *s, const struct ms_mgc_result *results,
			  size_t n);

/* ---- offers and answers ---- */

void ms_anchor_plan_clear(struct ms_anchor_session *s);

/* ---- forks (fork.c) ---- */

/** Keeps a dialog's answer to INVITE. -ENOSPC: too many, or its name is too long; -ENOMEM. */
MS_MUST_CHECK int ms_anchor_fork_keep(struct ms_anchor_session *s, struct ms_span dialog,
				      struct ms_span sdp);
const struct ms_anchor_fork *ms_anchor_fork_find(const struct ms_anchor_session *s,
						 struct ms_span dialog);
/** Some other dialog than this one has the gateway. */
bool ms_anchor_fork_is_other(const struct ms_anchor_session *s, struct ms_span dialog);
/** INVITE's offer makes way for one of UPDATE. */
void ms_anchor_fork_put_aside(struct ms_anchor_session *s);
/** It is the pending one again. -EPROTO: what was agreed since then has no place for it. */
MS_MUST_CHECK int ms_anchor_fork_take_up(struct ms_anchor_session *s);
/** Makes it the pending one for a moment, until it is given back. As above. */
MS_MUST_CHECK int ms_anchor_fork_borrow(struct ms_anchor_session *s);
void ms_anchor_fork_give_back(struct ms_anchor_session *s);
/** INVITE has its final answer: what was kept for others goes. */
void ms_anchor_fork_end(struct ms_anchor_session *s);

/* ---- */

struct ms_anchor_line *ms_anchor_line_new(struct ms_anchor_session *s);

/** Calls done. The session may be gone afterwards. */
void ms_anchor_finish(struct ms_anchor_session *s, enum ms_anchor_step step,
		      const struct ms_anchor_result *r);
void ms_anchor_refuse(struct ms_anchor_session *s, enum ms_anchor_step step, int status,
		      const char *reason, uint16_t h248);

/** SIP status and reason for what a procedure came to. */
void ms_anchor_failure(int err, uint16_t h248, int *ret_status, const char **ret_reason);

/** The pending offer has failed: gives back at the gateway what it reserved, then all is as before. */
void ms_anchor_undo(struct ms_anchor_session *s, ms_usec now);

/** Handlers of the session's context. */
struct ms_mgc_context_handlers ms_anchor_context_handlers(struct ms_anchor_session *s);

#endif
