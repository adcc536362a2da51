"""Something to look at: guests that are small processes and exchange frames all day.

`scene` says which guests there are and starts them; `guest` is the program of each. They send the
same frames again and again, so that a whole batch costs them one store; they measure nothing.
"""
