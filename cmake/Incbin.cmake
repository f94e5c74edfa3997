# Run at build time: an assembly file OUTPUT that holds the bytes of OBJECT as NAME_bpf_object.
file(WRITE "${OUTPUT}" "    .section .rodata
    .balign 8
    .globl ${NAME}_bpf_object
${NAME}_bpf_object:
    .incbin \"${OBJECT}\"
1:
    .balign 8
    .globl ${NAME}_bpf_object_size
${NAME}_bpf_object_size:
    .quad 1b - ${NAME}_bpf_object
    .section .note.GNU-stack,\"\",@progbits
")
