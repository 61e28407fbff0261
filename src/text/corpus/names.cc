// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/words.h"

namespace cambium {

const WordList& GirlNames() {
  static const WordList list(
      "Ada Agnes Alice Alma Amy Ana Anna Aya Bea Bella Beth Bonnie Carla Celia Clara Cora Daisy "
      "Dana "
      "Daphne Dora Edith Elena Ella Elsa Emma Erin Esther Eva Fay Fern Flora Freya Gemma Gina "
      "Grace "
      "Greta Hana Hannah Hazel Heidi Helen Hilda Holly Ida Ines Iris Isla Ivy Jana Jane Jill Joy "
      "Julia June Kate Keira Lara Laura Leah Lena Lily Lina Lola Lottie Lucy Luna Mabel Maria "
      "Martha "
      "Maya Mei Mia Mina Mira Molly Nadia Nell Nina Noor Nora Olive Olga Paula Pearl Penny Petra "
      "Pia Polly Priya Rita Rosa Rose Ruby Ruth Sadie Sally Sara Selma Stella Suki Sylvia Tara "
      "Tess Thea Tilda Tina Uma Vera Viola Willa Yara Zara Zoe");
  return list;
}

const WordList& BoyNames() {
  static const WordList list(
      "Aaron Abel Adam Alan Alec Amir Anton Arlo Arun Axel Ben Bill Bruno Caleb Carl Casper Chen "
      "Colin Dan Dario David Dean Dylan Eli Emil Eric Ethan Evan Felix Finn Frank Fred Gabe George "
      "Gus Hal Hamid Hans Harry Henry Hugo Ian Idris Igor Ivan Jack Jacob Jake James Jasper Joe "
      "Joel "
      "John Jonas Josh Juan Karim Karl Kenji Kevin Kofi Kurt Lars Leo Liam Levi Louis Luis Luke "
      "Marco Mark Mateo Max Milo Nathan Ned Neil Nico Noah Oscar Omar Otto Owen Pablo Paul Pedro "
      "Percy Peter Ravi Ralph Ray Remy Rob Ron Rory Sam Samir Seth Simon Stefan Sven Tariq Ted "
      "Theo "
      "Tim Toby Tom Tony Victor Vikram Walter Will Wim Yusuf Zack");
  return list;
}

const WordList& AnimalNames() {
  static const WordList list(
      "Acorn Amber Apple Bean Berry Biscuit Blue Bramble Breeze Bubbles Button Cinder Clover Cloud "
      "Cocoa Cookie Copper Dandy Dash Dot Dusty Echo Ember Fidget Flicker Fluff Frost Fudge Ginger "
      "Hobbit Honey Hop Jelly Juniper Kiki Lemon Maple Marble Misty Mocha Moss Muffin Nibbles "
      "Nutmeg "
      "Oats Olly Patch Peanut Pebble Pepper Pickle Pip Pippin Plum Poppy Pudding Puff Quill Rusty "
      "Sandy Scout Shadow Skip Smudge Snowy Socks Sorrel Sparky Speck Spot Sprout Star Sunny "
      "Thistle "
      "Tiny Toffee Truffle Twig Velvet Waffle Whisper Willow Wren Ziggy");
  return list;
}

const WordList& AnimalKinds() {
  static const WordList list(
      "rabbit|fox|mouse|squirrel|hedgehog|badger|otter|beaver|frog|duck|bear|mole|cat|dog|hamster|"
      "goat|lamb|piglet|pony|owl|raccoon|deer|kitten|puppy|turtle|hare|weasel|panda|monkey|"
      "penguin");
  return list;
}

const WordList& TownSyllables() {
  static const WordList list(
      "Alder Amber Ash Bell Birch Black Bram Bright Cold Copper Corn Deep Dun Elm Fair Fen Fern "
      "Glen Gold Green Grey Hart High Holm Kings Lark Long Mill Moor North Oak Old Otter Quill "
      "Raven Red Rock Rose Salt Silver Stone Sun Thorn West White Wind Wolf");
  return list;
}

const WordList& TownEndings() {
  static const WordList list(
      "bridge brook burn bury by cliff combe dale den field ford gate ham haven hill hurst leigh "
      "mere mouth pool port stead ton vale wick wood worth");
  return list;
}

const WordList& CreatureNames() {
  static const WordList list(
      "arkel blenk borrin brumbat corvel dabbit drimmel fallop fenwit florn gimble gorrit grubbin "
      "harrow-cat jubber kellip klee lorrel lumbit marrow-bird mimbel mossling nabber norrel oddle "
      "ombat pellin pimmer plock quibbet quorl rindle rumpet sallow-fox shrill-deer snorrel tamble "
      "tibbet torvel trundle ullin velk vorrit wabbel wimmer yarrel zibbet zorn");
  return list;
}

}  // namespace cambium
