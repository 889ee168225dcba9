/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the media plane.
 *
 *   media.c     the plane: its table of endpoints, certificates, the TLS context
 *   endpoint.c  what the control role orders of one endpoint
 *   entry.c     descriptors of endpoints being set up, apart from those that carry octets
 *   listen.c    passive opening: listeners, filters, latching
 *   connect.c   active opening
 *   secure.c    TLS from TCP up to the fingerprint
 *   relay.c     octets between two endpoints that are up
 *   aware.c     MSRP whose paths we change
 *   splice.c    bulk between two of them without TLS
 *   waiting.c   octets that a peer has not taken yet
 *   end.c       how bearers end, and what is told of it
 *   policy.c    policing and inactivity
 *
 *     CLOSED --gate--> LISTENING --SYN--> (HELD: partner first) --> SECURING --> UP --> FINISHING --> OVER
 *        +-----EstBNC, forward-----> CONNECTING ----------------------^
 */
#ifndef MS_MGW_MEDIA_MEDIA_PRIV_H
#define MS_MGW_MEDIA_MEDIA_PRIV_H

#include <sys/epoll.h>

#include "core/hash.h"
#include "core/list.h"
#include "loop/addr.h"
#include "loop/loop.h"
#include "mgw/media/media.h"

enum ms_media_state {
	MS_MEDIA_CLOSED, /* no bearer yet; the gate may be closed */
	MS_MEDIA_LISTENING,
	MS_MEDIA_HELD, /* a peer is in the listener's queue while the partner is opened */
	MS_MEDIA_CONNECTING,
	MS_MEDIA_SECURING,  /* TCP stands, TLS does not */
	MS_MEDIA_UP,        /* the bearer stands; octets flow when the partner's does too */
	MS_MEDIA_FINISHING, /* ended: what waits is sent, the peer's end is awaited */
	MS_MEDIA_OVER,      /* there was a bearer; the controller decides what comes */
};

/** What an endpoint needs only while its bearer is being set up or taken down. */
struct ms_media_work {
	struct ms_timer guard;
	int listener; /* -1: none */
};

/** Octets (or, with TLS, the account of octets) that the peer has not taken. */
struct ms_media_waiting {
	struct ms_list link; /* media->waiting, who moved last at the end */
	struct ms_media_endpoint *owner;
	size_t size, off; /* octets at the front that are sent */
	uint8_t octets[]; /* TLS: none, the session keeps them */
};

/** tman and adid. */
struct ms_media_policy {
	struct ms_timer refill, idle;
	uint64_t rate, burst; /* octets a second, octets; rate 0: no policing */
	uint64_t tokens;
	ms_usec filled;
	uint32_t idle_s; /* 0: not armed */
	uint8_t direction;
	bool idle_told;
};

struct ms_media_endpoint {
	struct ms_watch watch; /* the connection, once the bearer stands */
	struct ms_media *media;
	struct ms_media_endpoint *partner;
	struct ms_tls *tls;
	struct ms_media_waiting *waiting; /* NULL: the peer takes what we give */
	struct ms_media_work *work;
	struct ms_media_policy *policy;
	struct ms_media_aware *aware; /* shared with the partner; NULL: octets pass as they are */
	uint8_t *bearer;              /* packed, as the control role gave it; owned, wiped */
	ms_plane_endpoint number;
	ms_usec up_since;
	uint64_t octets_in, octets_out, wire_in, wire_out, up_time;
	uint32_t certificate;
	uint32_t connections, failed, dropped, handshakes, handshakes_failed;
	int fd; /* -1: none */
	uint16_t bearer_len;
	uint8_t state;       /* enum ms_media_state */
	uint8_t mode;        /* enum ms_bearer_mode */
	uint8_t latch;       /* enum ms_bearer_latch: armed */
	bool secure : 1;     /* TLS ends here */
	bool msrp : 1;       /* MSRP with a path of ours: aware if the partner is, too */
	bool tls_client : 1; /* EstBNC came */
	bool keep_partner : 1;
	bool report_release : 1;
	bool eof_in : 1;  /* the peer ended its direction */
	bool eof_due : 1; /* ours ends once nothing waits */
	bool eof_out : 1; /* ours has ended */
	bool paused : 1;  /* policing: no tokens */
	bool mute : 1;    /* one-way topology: the partner is to hear nothing of it */
	bool in_entry : 1;
	bool bulk : 1; /* the last read filled the whole buffer */
};

#define MS_MEDIA_ENTRY_BATCH 16

struct ms_media {
	struct ms_media_config config; /* defaults filled in; no texts */
	struct ms_media_handlers handlers;
	struct ms_media_stats stats;
	struct ms_hash *endpoints; /* by number */
	struct ms_tls_desk *desk;
	struct ms_tls_context *tls;
	struct ms_list certificates;
	uint32_t newest; /* certificate of sessions that bring none */
	struct ms_list waiting;
	int pipe[2];                /* splice.c; -1: none */
	uint8_t *in;                /* config.read_size octets, what one recv() brings */
	struct ms_buf aware_out[2]; /* what an engine made of one read, by leg */
	/* entry.c */
	int entry_fd;
	struct ms_watch entry;
	struct ms_media_endpoint *batch[MS_MEDIA_ENTRY_BATCH];
	int batch_at, batch_n; /* taken from the entry's epoll, not yet looked at */
	struct ms_timer entry_again;
	ms_usec entry_left; /* when the last round left it */
	/* limits */
	int spare_fd;              /* given up to refuse a peer when descriptors run out */
	uint64_t handshake_tokens; /* millionths of a handshake */
	ms_usec handshake_filled;
};

/* media.c */
struct ms_media_endpoint *ms_media_find(const struct ms_media *m, ms_plane_endpoint number);
/** Counted by the caller if it keeps it; NULL: unknown. */
struct ms_tls_certificate *ms_media_certificate_of(const struct ms_media *m, uint32_t number);
/** May a handshake begin? Takes a token. */
bool ms_media_admit_handshake(struct ms_media *m);

/* endpoint.c */
/** Unpacks the bearer; *ret_b is the caller's to ms_bearer_wipe(). 0 or -EBADMSG. */
MS_MUST_CHECK int ms_media_bearer(const struct ms_media_endpoint *e, struct ms_bearer *ret_b);
/** Room for guard and listener. 0 or -ENOMEM. */
MS_MUST_CHECK int ms_media_work_begin(struct ms_media_endpoint *e);
void ms_media_work_end(struct ms_media_endpoint *e);
/** Changes the state and the accounts that hang on it. */
void ms_media_become(struct ms_media_endpoint *e, enum ms_media_state s);
void ms_media_endpoint_free(struct ms_media_endpoint *e);

/* entry.c */
MS_MUST_CHECK int ms_media_entry_open(struct ms_media *m);
void ms_media_entry_close(struct ms_media *m);
/** Watches a listener for a peer: it is told once, since mostly the first one is the one. 0 or negative errno. */
MS_MUST_CHECK int ms_media_entry_listen(struct ms_media_endpoint *e, int listener);
/** Again, if the endpoint goes on listening. */
MS_MUST_CHECK int ms_media_entry_listen_on(struct ms_media_endpoint *e);
/** Watches `fd`, the endpoint's connection, for MS_LOOP_... events. 0 or negative errno. */
MS_MUST_CHECK int ms_media_entry_add(struct ms_media_endpoint *e, int fd, unsigned events);
MS_MUST_CHECK int ms_media_entry_change(struct ms_media_endpoint *e, int fd, unsigned events);
void ms_media_entry_remove(struct ms_media_endpoint *e, int fd);
/** `fd` is about to be closed, which takes it out: only what was already read of it is forgotten. */
void ms_media_entry_forget(struct ms_media_endpoint *e);

/* listen.c */
/** 0, or negative errno: nothing has changed then. */
MS_MUST_CHECK int ms_media_listen(struct ms_media_endpoint *e, const struct ms_bearer *b);
/** The listener of an endpoint that listens treats connections otherwise from now. 0, or negative errno. */
MS_MUST_CHECK int ms_media_listen_as(struct ms_media_endpoint *e, enum ms_bearer_incoming old,
				     enum ms_bearer_incoming now);
void ms_media_unlisten(struct ms_media_endpoint *e);
void ms_media_listen_ready(struct ms_media_endpoint *e);
/** The partner stands, or is on its way no more: takes the peer that is held, or refuses it. */
void ms_media_held_go(struct ms_media_endpoint *e);
void ms_media_held_refuse(struct ms_media_endpoint *e);

/* connect.c */
/** The address in a bearer. 0 or -EADDRNOTAVAIL (there is none). */
MS_MUST_CHECK int ms_media_address(const struct ms_bearer_address *a, struct ms_addr *ret_addr);
void ms_media_bearer_address(const struct ms_addr *a, struct ms_bearer_address *ret_a);
/** Can this endpoint be opened towards its peer? */
bool ms_media_can_connect(const struct ms_bearer *b);
/** Begins; how it ends is told by an event. */
void ms_media_connect(struct ms_media_endpoint *e);
void ms_media_connect_ready(struct ms_media_endpoint *e);
/** A socket of ours, non-blocking, marked as the bearer says. Descriptor or negative errno. */
MS_MUST_CHECK int ms_media_socket(struct ms_media_endpoint *e, const struct ms_bearer *b,
				  int family);
/** e->fd is connected: TLS begins, or the bearer stands. `remote` NULL: where we were told to. */
void ms_media_tcp_up(struct ms_media_endpoint *e, const struct ms_addr *remote);

/* secure.c */
void ms_media_secure(struct ms_media_endpoint *e);
void ms_media_secure_ready(struct ms_media_endpoint *e);
/** EstBNC after TCP stood: the role changes if the peer has said nothing yet. */
void ms_media_secure_again(struct ms_media_endpoint *e);
/** Fingerprints that came late. */
void ms_media_verify(struct ms_media_endpoint *e, const struct ms_bearer *b);

/* relay.c */
/** The bearer stands. */
void ms_media_up(struct ms_media_endpoint *e);
/** Asks the loop for what can be used now. */
void ms_media_watch(struct ms_media_endpoint *e);
/** Both ends, and what one of them holds already. */
void ms_media_join(struct ms_media_endpoint *e);
/** Sends what TLS has to send. false: the connection broke (told already). */
bool ms_media_flush(struct ms_media_endpoint *e);
/** The same, when FIN follows at once: it goes in one segment with what is sent. */
bool ms_media_flush_last(struct ms_media_endpoint *e);

/** Octets to the peer, by TLS or not. false: the connection broke (told already). */
bool ms_media_send(struct ms_media_endpoint *e, struct ms_span s);

/* aware.c */
/** After SET and PAIR: there is an engine if both want one, with what paths are known. Negative errno. */
MS_MUST_CHECK int ms_media_aware_follow(struct ms_media_endpoint *e);
/** The bearer stands: what came by an earlier one is forgotten. */
void ms_media_aware_up(struct ms_media_endpoint *e);
/** The pair has no engine any more. */
void ms_media_aware_drop(struct ms_media_endpoint *e);
/** May octets come? */
bool ms_media_aware_ready(const struct ms_media_endpoint *e);
/** Octets of `e`'s peer through the engine. false: `e` or its partner has ended. */
bool ms_media_aware_give(struct ms_media_endpoint *e, struct ms_span s);

/* splice.c */
void ms_media_splice_open(struct ms_media *m);
void ms_media_splice_close(struct ms_media *m);
bool ms_media_may_splice(const struct ms_media_endpoint *e);
/** As a read of `e`: moves what is there to the partner. */
void ms_media_splice(struct ms_media_endpoint *e);

/* waiting.c */
/** Keeps what the kernel did not take. false: memory or its limit; the endpoint has been ended. */
bool ms_media_wait(struct ms_media_endpoint *e, struct ms_span rest);
/** TLS: `n` octets wait in the session now. */
bool ms_media_wait_tls(struct ms_media_endpoint *e, size_t n);
void ms_media_waiting_drop(struct ms_media_endpoint *e);
/** Sends of it what the kernel takes now. false: the connection broke (told already). */
bool ms_media_drain(struct ms_media_endpoint *e);

/* end.c */
void ms_media_tell(struct ms_media_endpoint *e, const struct ms_bearer_event *event);
/** Setting up failed: tells, closes; the partner goes too unless it is to be kept. */
void ms_media_failed(struct ms_media_endpoint *e, enum ms_bearer_event_kind kind, const char *cause,
		     int alert);
void ms_media_tls_failed(struct ms_media_endpoint *e);
/** The peer ended its direction. */
void ms_media_eof(struct ms_media_endpoint *e);
/** close_notify came: TLS end ends TCP. */
void ms_media_tls_end(struct ms_media_endpoint *e);
/** The connection is lost; err: positive errno. */
void ms_media_broken(struct ms_media_endpoint *e, int err);
/** Fatal alert, bad record, or FIN without close_notify on a session that was up. */
void ms_media_tls_broken(struct ms_media_endpoint *e);
/** Ours ends: now, or once nothing waits. */
void ms_media_shut(struct ms_media_endpoint *e);
/** Our own decision or the partner's end: octets that wait are sent, then FIN; nothing is told. */
void ms_media_finish(struct ms_media_endpoint *e);
/** At once, with a RST if `reset`; nothing is told. */
void ms_media_close(struct ms_media_endpoint *e, bool reset);
/** What follows for the partner when `e` has ended by itself. */
void ms_media_end_partner(struct ms_media_endpoint *e, bool reset);

/* policy.c */
MS_MUST_CHECK int ms_media_policy_set(struct ms_media_endpoint *e, const struct ms_bearer *b);
void ms_media_policy_free(struct ms_media_endpoint *e);
void ms_media_policy_up(struct ms_media_endpoint *e);
/** Octets that may be read now; 0: reading pauses until there are tokens. */
size_t ms_media_allowance(struct ms_media_endpoint *e, size_t wanted);
void ms_media_spend(struct ms_media_endpoint *e, size_t n);

static inline bool ms_media_listens(const struct ms_media_endpoint *e)
{
	return e->work && e->work->listener >= 0;
}

#endif
