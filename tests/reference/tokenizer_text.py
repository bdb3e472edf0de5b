"""The text from which tokenizers for tests are trained."""

TRAINING_TEXT = """\
It is a film of small pleasures , and it knows exactly how small they are .
The first hour is slow , the second is slower , and the ending comes as a relief .
I have seen worse , but I was younger then and had more patience .
A delight from its first scene to its last , funny and sad and never false .
The director never met a scene that he could not make ten minutes longer .
She gives the performance of the year in a picture that does not deserve her .
There is nothing wrong with the story that another story would not have mended .
You 'll laugh , you 'll cry , you 'll look at your watch , not always in that order .
The music tells you what to feel , and then the actors tell you again .
It wants to be a thriller and a romance , and it is too polite for either .
What a waste of good actors , good weather and a very good horse !
An honest , quiet , beautifully photographed account of two brothers and a boat .
The jokes arrive on time , like trains in another country .
Watching it is like being told a long dream by somebody who cannot remember it .
Nobody in this movie behaves like a person , and that includes the dog .
The best thing I can say is that the seats were comfortable and the room was dark .
A movie about nothing that somehow leaves nothing out .
It works because everyone in it believes in it , from the leads to the last extra .
The plot has more holes than the villain after the final shootout .
Not since the silent era has so little been said at such a volume .
"""
