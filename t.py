import time,sys
import pyshark
t=time.time()
mode=sys.argv[1]
kw={'use_ek':True} if mode=='ek' else {}
c=pyshark.FileCapture(sys.argv[2],custom_parameters=['-2','-j','frame ip ipv6 tcp tls http dns icmp icmpv6'],**kw)
ps=[p for p in c]
print(mode,len(ps),time.time()-t)
p=ps[3]
if mode=='ek':
    for p in ps[:8]:
        for l in p.layers: print(l.layer_name, l._fields_dict)
else:
    for p in ps[:8]:
        for l in p.layers: print(l.layer_name, {k:[f.show for f in v.fields] for k,v in l._all_fields.items()})
