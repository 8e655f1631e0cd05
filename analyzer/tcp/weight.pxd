from analyzer.layer.layer cimport Layer
from analyzer.model.connection cimport Connection

# the constants of weight.py as C numbers
cdef int EXCHANGE, MILESTONE, MOVED, FREE_MILESTONES

cpdef long long weight(Connection connection) except -1
