/* SPDX-License-Identifier: Apache-2.0 */
/* A session with a peer: the SIP call, its key exchange, its description, its media. */
#ifndef MS_UE_CALL_PRIV_H
#define MS_UE_CALL_PRIV_H

#include "bfcp/client.h"
#include "msrp/session.h"
#include "sdp/keymgmt.h"
#include "sdp/offer.h"
#include "ue/file.h"
#include "ue/media.h"
#include "ue/ue-priv.h"

#define MS_UE_CHAT_TYPES "text/plain message/cpim"

/** SIP status codes of refusals of calls. */
enum {
	MS_UE_STATUS_BUSY = 486,
	MS_UE_STATUS_NOT_ACCEPTABLE = 488,
	MS_UE_STATUS_UNAVAILABLE = 480,
	MS_UE_STATUS_DECLINE = 603,
};

/** RFC 3261 section 20.43. */
enum {
	MS_UE_WARN_MEDIA = 304,     /* media type not available */
	MS_UE_WARN_ATTRIBUTE = 306, /* attribute not understood: key management, RFC 4567 */
	MS_UE_WARN_MISC = 399,
};

/** Those of a peer. */
struct ms_ue_fingerprints {
	struct ms_tls_fingerprint v[MS_TLS_FINGERPRINTS_MAX];
	size_t n;
};

/** What the peer's description says of our line, copied. */
struct ms_ue_peer_line {
	struct ms_buf path, accept_types;
	struct ms_buf keys; /* their MIKEY message */
	uint64_t max_size;
	struct ms_ue_fingerprints fingerprints;
	struct ms_addr address; /* where to connect */
	enum ms_sdp_setup setup;
	uint32_t conference; /* BFCP: a=confid, a=userid, and the first of a=floorid (0: none) */
	uint16_t user, floor;
};

struct ms_ue_call {
	struct ms_list link;
	struct ms_ue *ue;
	unsigned number;
	const char *kind; /* "chat", "file" or "bfcp"; static */
	bool is_bfcp;
	bool outgoing, only_called;
	bool secure;      /* end to end: the KMS gave the keys */
	bool e2ae;        /* TLS up to the network's edge, by fingerprints; never with `secure` */
	bool unasked;     /* outgoing: begins once the registration says what the network has */
	bool waiting;     /* an incoming one that the user has to answer */
	bool rung;        /* outgoing: told that it rings */
	bool answered;    /* the call stands */
	bool established; /* and so does its media */
	bool over;        /* only waits to be freed */
	bool reaping;     /* is being freed: nothing more is told */
	bool cancelled;   /* by the user */
	bool file_told;   /* how the file ended */
	bool file_lost;   /* by a lost connection: may be resumed */
	bool range_refused;
	unsigned tries; /* how often sending the file went on */
	uint64_t from;  /* octets of the file that were not sent again */

	struct ms_keys_identity called; /* outgoing: whom we called */
	struct ms_ue_sender sender;     /* incoming: what SIP says */
	struct ms_keys_identity peer;   /* whom the KMS vouches for; "" while nobody is known */
	struct ms_sip_session *sip;     /* borrowed; NULL when there is none (any more) */

	/* keys */
	struct ms_keys_asking *asking;
	struct ms_mikey_transfer *transfer; /* owned; outgoing */
	struct ms_mikey_incoming *incoming; /* owned; incoming */
	struct ms_secret psk;
	const char *ticket_source; /* static; NULL: none */
	char *resolvers;           /* owned; of the ticket */
	ms_usec ticket_end;
	unsigned ticket_uses;

	/* description */
	struct ms_buf remote_sdp;     /* their offer */
	struct ms_sdp offer;          /* parsed: ours, or theirs (over remote_sdp) */
	struct ms_buf local_sdp;      /* our offer */
	size_t line;                  /* index of the m= line that is taken */
	enum ms_sdp_level key_level;  /* where the offer's key-mgmt stands */
	char own_uri[192];            /* our MSRP URI */
	uint16_t port;                /* ours; 0 if nobody can connect to us */
	bool active;                  /* we connected, they listened */
	struct ms_buf own_keys;       /* incoming: our TRANSFER_RESP */
	uint64_t sdp_id, sdp_version; /* of our o= line */
	struct ms_ue_peer_line there;

	struct ms_ue_media *media;    /* owned */
	struct ms_ue_msrp carrier;    /* what the media runs, unless it is BFCP */
	struct ms_msrp_session *msrp; /* owned */
	struct ms_bfcp_client *bfcp;  /* owned; NULL unless floor control stands */
	struct ms_ue_file *file;      /* owned; NULL in a chat */
	size_t unsent;                /* chat texts not answered yet */
	struct ms_timer reaper, retry, ring, hash;
};

/* ---- call.c ---- */

MS_MUST_CHECK int ms_ue_call_new(struct ms_ue *ue, bool outgoing, struct ms_ue_call **ret_call);

/** An event with session, peer and kind filled in. */
struct ms_ue_event ms_ue_call_event(const struct ms_ue_call *c, enum ms_ue_event_type type);

/** A call of that number, NULL if there is none. */
struct ms_ue_call *ms_ue_call_find(const struct ms_ue *ue, unsigned number);

/**
 * Ends the call for a reason of ours or the peer's: tells call-failed (if it never stood) or
 * call-ended, ends SIP and media politely, frees it from the loop. Once; later calls do nothing.
 */
void ms_ue_call_end(struct ms_ue_call *c, const char *reason, struct ms_span detail);

/** As ms_ue_call_end(), with the SIP status and Warning that the peer answered. */
void ms_ue_call_refused(struct ms_ue_call *c, unsigned status, struct ms_span phrase,
			struct ms_span warning);

/** Refuses an incoming offer that is not answered yet, with a Warning and perhaps a body. */
void ms_ue_call_reject(struct ms_ue_call *c, unsigned status, unsigned warning, const char *reason,
		       const char *text, const struct ms_sip_content *body);

/** Frees it at once. */
void ms_ue_call_reap(struct ms_ue_call *c);

/** Ends it after `pause`, its work being done. */
void ms_ue_call_finish_soon(struct ms_ue_call *c, ms_usec pause);

/** The peer is known: is it one with whom a session may be? Tells if it is not. */
bool ms_ue_call_peer_ok(struct ms_ue_call *c);

/* ---- call-sdp.c ---- */

/** A port and an MSRP URI of our own. `reachable`: others may connect. */
MS_MUST_CHECK int ms_ue_call_open_port(struct ms_ue_call *c, bool reachable);

/** Appends our offer with this TRANSFER_INIT (empty: plain). */
MS_MUST_CHECK int ms_ue_call_put_offer(struct ms_ue_call *c, enum ms_sdp_setup setup,
				       struct ms_span key_mgmt, struct ms_buf *b);

/** Appends our answer to `offer` with this MIKEY message of ours (empty: plain). */
MS_MUST_CHECK int ms_ue_call_put_answer(struct ms_ue_call *c, const struct ms_sdp *offer,
					enum ms_sdp_setup setup, struct ms_span key_mgmt,
					struct ms_buf *b, struct ms_fault *f);

/** What the peer's line says. -EPROTO, -EBADMSG with *f; -ENOMEM. */
MS_MUST_CHECK int ms_ue_call_read_line(struct ms_ue_call *c, const struct ms_sdp_media *m,
				       bool is_answer, struct ms_fault *f);

/** The octets of the MIKEY message for a line of `sdp`, and its level. -ENOENT, -EBADMSG. */
MS_MUST_CHECK int ms_ue_call_key_mgmt(const struct ms_sdp *sdp, size_t line, struct ms_buf *octets,
				      enum ms_sdp_level *ret_level);

/** CS ID of the line's crypto session. -EPROTO. */
MS_MUST_CHECK int ms_ue_call_cs_id(const struct ms_ue_call *c, uint8_t *ret_id);

/** Takes the pre-shared key of our line out of the bundle, and the peer's identity. */
MS_MUST_CHECK int ms_ue_call_take_keys(struct ms_ue_call *c, const struct ms_mikey_csb *csb,
				       struct ms_fault *f);

/** Appends a description that refuses all lines of c->offer, with a MIKEY Error message. */
void ms_ue_call_put_refusal(struct ms_ue_call *c, struct ms_span error, struct ms_buf *b);

/* ---- call-e2ae.c ---- */

/** TLS of either kind. */
static inline bool ms_ue_call_is_tls(const struct ms_ue_call *c)
{
	return c->secure || c->e2ae;
}

/** "e2e", "e2ae" or "none". Static. */
const char *ms_ue_call_security(const struct ms_ue_call *c);

/** May we ask for e2ae, as configuration and network (e.g. "msrp-tls") are? -EPERM with *f. */
MS_MUST_CHECK int ms_ue_call_may_ask(const struct ms_ue_call *c, const char *mechanism,
				     struct ms_fault *f);

/** Whether a fingerprint of the peer is in that line or above it. */
bool ms_ue_call_has_fingerprint(const struct ms_sdp *sdp, const struct ms_sdp_media *m);

/** Reads the peer's fingerprints. -EPROTO with *f if none can be used. */
MS_MUST_CHECK int ms_ue_call_read_fingerprints(const struct ms_ue *ue, const struct ms_sdp *sdp,
					       const struct ms_sdp_media *m,
					       struct ms_ue_fingerprints *ret, struct ms_fault *f);

#define MS_UE_E2AE_ATTRS 3

/** Appends a=fingerprint and, to an offer, a=3ge2ae:requested to `v`, borrowed; nothing without e2ae. */
void ms_ue_call_e2ae_attributes(const struct ms_ue_call *c, bool offer,
				struct ms_sdp_attr_value v[static MS_UE_E2AE_ATTRS], size_t *n);

/* ---- call-bfcp.c ---- */

bool ms_ue_call_is_bfcp_line(const struct ms_sdp_media *m);

/** Appends our m=application section. */
void ms_ue_call_put_bfcp_line(const struct ms_ue_call *c, bool offer, enum ms_sdp_setup setup,
			      struct ms_buf *b);

/** What the peer's line says but for its address. -EPROTO with *f. */
MS_MUST_CHECK int ms_ue_call_read_bfcp_line(struct ms_ue_call *c, const struct ms_sdp_media *m,
					    bool is_answer, struct ms_fault *f);

MS_MUST_CHECK int ms_ue_call_bfcp_new(struct ms_ue_call *c);

/* ---- call-in.c ---- */

/** The user or the policy takes what is offered. */
void ms_ue_call_accept(struct ms_ue_call *c);

/* ---- call-refresh.c ---- */

/** Answers a re-INVITE or UPDATE; `arg` is the call, or NULL. */
void ms_ue_call_offered(struct ms_sip_session *s, const struct ms_sip_message *m, void *arg);

/* ---- call-out.c ---- */

/** Handlers of files; set `arg` to the call. */
extern const struct ms_ue_file_handlers ms_ue_call_file_handlers;

/** May a file whose session was lost be called for again? Configuration and user say. */
bool ms_ue_call_goes_on(const struct ms_ue_call *c);

/** Calls for it again after a pause, then frees `c`. */
void ms_ue_call_again(struct ms_ue_call *c);

/* ---- chat.c ---- */

MS_MUST_CHECK int ms_ue_call_media_new(struct ms_ue_call *c, ms_usec connect_limit,
				       ms_usec idle_limit);

/** The file has ended; `reason` is NULL if it is whole. */
void ms_ue_call_file_done(struct ms_ue_call *c, const char *reason, int code);

/** The call stands on both sides: makes the MSRP session and starts the media. */
MS_MUST_CHECK int ms_ue_call_start_media(struct ms_ue_call *c, bool active);

extern const struct ms_msrp_handlers ms_ue_chat_handlers; /* arg: the call */

#endif
