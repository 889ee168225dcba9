/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from a peer, made fit for a terminal or for JSON: no escape sequence, no control character
 * and no bidirectional override of a peer's reaches the user's screen.
 */
#ifndef MS_UE_DISPLAY_H
#define MS_UE_DISPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/span.h"

/**
 * Decodes one UTF-8 character from the front of `s`. Returns its length in octets, and the
 * character in *ret_c. Overlong forms, surrogates and what is above U+10FFFF are refused: 0, as for
 * an empty span.
 */
size_t ms_ue_utf8_decode(struct ms_span s, uint32_t *ret_c);

/** Appends text that is surely UTF-8: each octet that is not becomes U+FFFD. NUL as well. */
void ms_ue_display_utf8(struct ms_buf *b, struct ms_span text);

/**
 * Appends what may be shown on one line of a terminal: controls (C0, DEL, C1), line and paragraph
 * separators and bidirectional controls become U+FFFD, a tab a space. A line break (CRLF, LF or CR)
 * becomes LF and `indent`; with indent NULL, a space. At most `max` octets of input are read, then
 * "..." follows.
 */
void ms_ue_display_text(struct ms_buf *b, struct ms_span text, const char *indent, size_t max);

#endif
