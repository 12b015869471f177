"""Words that cannot name a module: keywords of Verilog-2001, SystemVerilog (the common ones) and C++."""

from __future__ import annotations

_VERILOG = """always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config deassign default
defparam design disable edge else end endcase endconfig endfunction endgenerate endmodule endprimitive endspecify
endtable endtask event for force forever fork function generate genvar highz0 highz1 if ifnone incdir include initial
inout input instance integer join large liblist library localparam macromodule medium module nand negedge nmos nor
noshowcancelled not notif0 notif1 or output parameter pmos posedge primitive pull0 pull1 pulldown pullup real realtime
reg release repeat rnmos rpmos rtran rtranif0 rtranif1 scalared showcancelled signed small specify specparam strong0
strong1 supply0 supply1 table task time tran tranif0 tranif1 tri tri0 tri1 triand trior trireg unsigned use vectored
wait wand weak0 weak1 while wire wor xnor xor bit byte int logic class interface package program property sequence
string struct union typedef virtual void enum final global import export local new null priority protected pure rand
ref return static super this type unique var with within"""
_CPP = """asm auto bool break catch char const continue delete do double explicit extern false float friend goto
inline long main mutable namespace operator private public register short signed sizeof switch template throw true try
typename using volatile"""

KEYWORDS = frozenset((_VERILOG + " " + _CPP).split())
