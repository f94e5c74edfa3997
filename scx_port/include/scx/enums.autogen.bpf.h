/* SPDX-License-Identifier: GPL-2.0-only
 * SCX_* are plain enumerators of vmlinux.h here; their values have been the same in every kernel so far. Nothing to do.
 */
