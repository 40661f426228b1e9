# Fill the disk of whoever keeps the log.
# log: [output cut
# reason: time limit
yes "attack: attack: attack: attack: attack: attack: attack: attack"
